"""AdaptFormer-256 on NUS-WIDE.

The paper's mAP: 59.62 (Table 10).
"""

_base_ = '../adaptformer_nuswide.py'
model = dict(backbone=dict(adapter=dict(bottleneck=256)))
