"""AdaptFormer-1 on CIFAR-100.

The paper's top-1: 83.52 (Table 1).
"""

_base_ = '../adaptformer_cifar100.py'
model = dict(backbone=dict(adapter=dict(bottleneck=1)))
