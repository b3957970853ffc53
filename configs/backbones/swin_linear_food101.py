"""Linear probing on Food-101 with a Swin-B.

The paper's top-1: 90.64 (Table 7).
"""

_base_ = './swin_adaptformer_food101.py'
model = dict(backbone=dict(adapter=None))
