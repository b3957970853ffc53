"""AdaptFormer-64 on CIFAR-100 from supervised ImageNet-21k.

The paper's top-1: 91.86 (Table 6), from jx_vit_base_patch16_224_in21k, whose
pre-training scaled its inputs to -1 to 1, as this does.
"""

_base_ = '../adaptformer_cifar100.py'
data_preprocessor = dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5])
