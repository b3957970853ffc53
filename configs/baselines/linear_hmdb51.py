"""Linear probing on the data and by the recipe of adaptformer_hmdb51.py."""

_base_ = '../adaptformer_hmdb51.py'
model = dict(backbone=dict(adapter=None))
