"""AdaptFormer-64 on CIFAR-100 with a LayerNorm of its own in front.

The paper's top-1: 85.71 (Table 8).
"""

_base_ = '../adaptformer_cifar100.py'
model = dict(backbone=dict(adapter=dict(norm='in')))
