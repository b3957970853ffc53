"""AdaptFormer-1 on HMDB51.

The paper's top-1: 51.68 (Table 1).
"""

_base_ = '../adaptformer_hmdb51.py'
model = dict(backbone=dict(adapter=dict(bottleneck=1)))
