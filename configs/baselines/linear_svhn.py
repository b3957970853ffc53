"""Linear probing on the data and by the recipe of adaptformer_svhn.py."""

_base_ = '../adaptformer_svhn.py'
model = dict(backbone=dict(adapter=None))
