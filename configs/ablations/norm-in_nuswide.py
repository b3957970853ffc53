"""AdaptFormer-64 on NUS-WIDE with a LayerNorm of its own in front.

The paper's mAP: 58.51 (Table 8).
"""

_base_ = '../adaptformer_nuswide.py'
model = dict(backbone=dict(adapter=dict(norm='in')))
