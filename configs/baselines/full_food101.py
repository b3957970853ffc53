"""Full fine-tuning on the data and by the recipe of adaptformer_food101.py, a tenth of the rate."""

_base_ = '../adaptformer_food101.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
optim_wrapper = dict(optimizer=dict(lr=0.04))  # as in the paper: 0.4 is unstable
