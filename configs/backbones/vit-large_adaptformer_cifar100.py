"""AdaptFormer-64 on CIFAR-100 with a ViT-L. The paper has no figure for it."""

_base_ = '../adaptformer_cifar100.py'
arch = 'large'
