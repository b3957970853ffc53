"""AdaptFormer-16 on SSv2.

The paper's top-1: 57.62 (Table 10).
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(bottleneck=16)))
