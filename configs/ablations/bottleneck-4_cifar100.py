"""AdaptFormer-4 on CIFAR-100.

The paper's top-1: 84.83 (Table 1).
"""

_base_ = '../adaptformer_cifar100.py'
model = dict(backbone=dict(adapter=dict(bottleneck=4)))
