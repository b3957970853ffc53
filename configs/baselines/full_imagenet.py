"""Full fine-tuning on the data and by the recipe of adaptformer_imagenet.py."""

_base_ = '../adaptformer_imagenet.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
