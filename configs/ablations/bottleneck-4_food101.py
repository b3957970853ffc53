"""AdaptFormer-4 on Food-101.

The paper's top-1: 85.42 (Table 1).
"""

_base_ = '../adaptformer_food101.py'
model = dict(backbone=dict(adapter=dict(bottleneck=4)))
