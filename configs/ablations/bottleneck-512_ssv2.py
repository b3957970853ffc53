"""AdaptFormer-512 on SSv2.

The paper's top-1: 58.98 (Table 10).
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(bottleneck=512)))
