"""Full fine-tuning, else as adaptformer_svhn.py, at a tenth of the rate."""

_base_ = '../adaptformer_svhn.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
optim_wrapper = dict(optimizer=dict(lr=0.04))  # as in the paper: 0.4 is unstable
