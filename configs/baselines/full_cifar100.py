"""Full fine-tuning on the data and by the recipe of adaptformer_cifar100.py."""

_base_ = '../adaptformer_cifar100.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
