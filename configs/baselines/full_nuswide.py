"""Full fine-tuning on the data and by the recipe of adaptformer_nuswide.py."""

_base_ = '../adaptformer_nuswide.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
