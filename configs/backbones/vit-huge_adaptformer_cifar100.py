"""AdaptFormer-64 on CIFAR-100 with a ViT-H/14. The paper has no figure for it."""

_base_ = '../adaptformer_cifar100.py'
arch = 'huge'
model = dict(backbone=dict(patch_size=14))
