"""AdaptFormer-64 on SSv2 with a grouped 3 x 3 convolution inside.

The paper's top-1: 58.47 (Table 8).
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(type='AdaptConv')))
