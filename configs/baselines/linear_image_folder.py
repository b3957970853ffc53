"""Linear probing on your own photos, else as adaptformer_image_folder.py."""

_base_ = '../adaptformer_image_folder.py'
model = dict(backbone=dict(adapter=None))
