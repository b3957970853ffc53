"""Linear probing on the same data: the head and fc_norm alone learn.

python tools/train.py configs/quickstart/video_linear.py
"""

_base_ = 'video_adaptformer.py'
model = dict(backbone=dict(adapter=None))
optim_wrapper = dict(optimizer=dict(lr=1e-1))
