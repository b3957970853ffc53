"""Full fine-tuning, else as adaptformer_food101.py, at a tenth of the rate."""

_base_ = '../adaptformer_food101.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
optim_wrapper = dict(optimizer=dict(lr=0.04))  # as in the paper: 0.4 is unstable
