"""AdaptFormer-64 on SSv2, the upper half of the blocks.

The paper's top-1: 57.99 (Table 3b).
"""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=dict(layers=[6, 7, 8, 9, 10, 11])))
