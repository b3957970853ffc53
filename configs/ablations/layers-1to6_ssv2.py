"""AdaptFormer-64 on SSv2, the lower half of the blocks.

The paper's top-1: 50.48 (Table 3b).
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(layers=[0, 1, 2, 3, 4, 5])))
