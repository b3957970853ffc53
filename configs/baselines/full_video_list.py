"""Full fine-tuning on your own clips, else as adaptformer_video_list.py."""

_base_ = '../adaptformer_video_list.py'
model = dict(backbone=dict(adapter=None, trainable='all'))
optim_wrapper = dict(optimizer=dict(lr=1e-4))  # the whole transformer moves
