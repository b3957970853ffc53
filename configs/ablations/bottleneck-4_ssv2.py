"""AdaptFormer-4 on SSv2.

The paper's top-1: 54.70 (Table 1).
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(bottleneck=4)))
