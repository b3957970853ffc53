"""Full fine-tuning on the data and by the recipe of adaptformer_ssv2.py."""

_base_ = '../adaptformer_ssv2.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
