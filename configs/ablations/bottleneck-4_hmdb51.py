"""AdaptFormer-4 on HMDB51.

The paper's top-1: 51.81 (Table 1).
"""

_base_ = '../adaptformer_hmdb51.py'
model = dict(backbone=dict(adapter=dict(bottleneck=4)))
