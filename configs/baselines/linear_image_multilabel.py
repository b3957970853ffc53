"""Linear probing on your own photos, else as adaptformer_image_multilabel.py."""

_base_ = '../adaptformer_image_multilabel.py'
model = dict(backbone=dict(adapter=None))
