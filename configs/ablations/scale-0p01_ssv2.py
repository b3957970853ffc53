"""AdaptFormer-64 on SSv2 with s = 0.01.

The paper's top-1: 53.44 (Table 3c).
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(scale=0.01)))
