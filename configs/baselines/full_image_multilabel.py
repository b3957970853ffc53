"""Full fine-tuning on your own photos, else as adaptformer_image_multilabel.py."""

_base_ = '../adaptformer_image_multilabel.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
optim_wrapper = dict(optimizer=dict(lr=1e-4))  # the whole transformer moves
