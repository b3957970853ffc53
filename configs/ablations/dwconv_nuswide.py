"""AdaptFormer-64 on NUS-WIDE with a depthwise 3 x 3 convolution inside.

The paper's mAP: 58.73 (Table 8).
"""

_base_ = '../adaptformer_nuswide.py'
model = dict(backbone=dict(adapter=dict(type='AdaptDWConv')))
