"""Linear probing on the same data: the head alone learns.

python tools/train.py configs/quickstart/image_linear.py
"""

_base_ = 'image_adaptformer.py'
model = dict(backbone=dict(adapter=None))
optim_wrapper = dict(optimizer=dict(lr=3e-1))
