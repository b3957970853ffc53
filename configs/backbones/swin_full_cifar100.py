"""Full fine-tuning on CIFAR-100 with a Swin-B.

The paper's top-1: 89.95 (Table 7).
"""

_base_ = './swin_adaptformer_cifar100.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
