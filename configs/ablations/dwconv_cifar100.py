"""AdaptFormer-64 on CIFAR-100 with a depthwise 3 x 3 convolution inside.

The paper's top-1: 85.37 (Table 8).
"""

_base_ = '../adaptformer_cifar100.py'
model = dict(backbone=dict(adapter=dict(type='AdaptDWConv')))
