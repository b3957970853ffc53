"""AdaptFormer-4 on SVHN.

The paper's top-1: 96.19 (Table 1).
"""

_base_ = '../adaptformer_svhn.py'
model = dict(backbone=dict(adapter=dict(bottleneck=4)))
