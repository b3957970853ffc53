"""AdaptFormer-64 on eight motions of a digit, the trunk pre-trained on diagonals.

python tools/train.py configs/quickstart/video_adaptformer.py
(after bash tools/quickstart.sh, which writes the clips and the trunk)
"""

_base_ = [
    '../_base_/models/digits_vit_video.py',
    '../_base_/datasets/digits_video.py',
    '../_base_/schedules/digits_20e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmaction'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = 'work_dirs/quickstart/data/video'
trunk = 'work_dirs/quickstart/trunk_video.pth'
default_hooks = dict(checkpoint=dict(interval=20))
optim_wrapper = dict(optimizer=dict(lr=2e-2))
