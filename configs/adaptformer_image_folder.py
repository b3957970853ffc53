"""AdaptFormer-64 on your own folder of photos.

python tools/train.py configs/adaptformer_image_folder.py \
    --cfg-options data_root=FOLDER trunk=deit_tiny.pth

FOLDER holds train/<class>/*.jpg and val/<class>/*.jpg, or photos named in train.txt and
val.txt, `path label` a line; without validation photos add holdout=0.2. The trunk is a
ViT, DeiT or MAE file; its size is read from it. Other methods: baselines/.
"""

_base_ = [
    '_base_/models/vit_image.py',
    '_base_/datasets/image_folder.py',
    '_base_/schedules/adamw_20e.py',
    '_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = None
trunk = None
arch = None
num_classes = None
holdout = 0.0
