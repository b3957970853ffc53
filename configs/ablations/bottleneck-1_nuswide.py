"""AdaptFormer-1 on NUS-WIDE.

The paper's mAP: 57.51 (Table 2).
"""

_base_ = '../adaptformer_nuswide.py'
model = dict(backbone=dict(adapter=dict(bottleneck=1)))
