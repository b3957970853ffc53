"""AdaptFormer-64 on digits in dark ink, the trunk pre-trained on light digits.

python tools/train.py configs/quickstart/image_adaptformer.py
(after bash tools/quickstart.sh, which writes the data and the trunk)
"""

_base_ = [
    '../_base_/models/digits_vit_image.py',
    '../_base_/datasets/digits_image.py',
    '../_base_/schedules/digits_40e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = 'work_dirs/quickstart/data/image'
trunk = 'work_dirs/quickstart/trunk_image.pth'
default_hooks = dict(checkpoint=dict(interval=40))
optim_wrapper = dict(optimizer=dict(lr=2e-2))
