"""AdaptFormer-256 on SSv2.

The paper's top-1: 58.87 (Table 10).
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(bottleneck=256)))
