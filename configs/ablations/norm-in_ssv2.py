"""AdaptFormer-64 on SSv2 with a LayerNorm of its own in front.

The paper's top-1: 57.85 (Table 8).
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(norm='in')))
