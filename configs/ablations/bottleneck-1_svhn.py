"""AdaptFormer-1 on SVHN.

The paper's top-1: 93.04 (Table 1).
"""

_base_ = '../adaptformer_svhn.py'
model = dict(backbone=dict(adapter=dict(bottleneck=1)))
