"""Full fine-tuning on the same data: every weight learns.

python tools/train.py configs/quickstart/video_full.py
"""

_base_ = 'video_adaptformer.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
optim_wrapper = dict(
    optimizer=dict(lr=2e-3, weight_decay=0.05), clip_grad=dict(max_norm=1.0)
)
