"""AdaptFormer-4 on NUS-WIDE.

The paper's mAP: 58.14 (Table 2).
"""

_base_ = '../adaptformer_nuswide.py'
model = dict(backbone=dict(adapter=dict(bottleneck=4)))
