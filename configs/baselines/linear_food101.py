"""Linear probing on the data and by the recipe of adaptformer_food101.py."""

_base_ = '../adaptformer_food101.py'
model = dict(backbone=dict(adapter=None))
