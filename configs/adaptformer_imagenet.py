"""AdaptFormer-64 on ImageNet-1k: 81.86 top-1 in the paper (IN-21k supervised).

tools/dist_train.sh configs/adaptformer_imagenet.py 8 \
    --cfg-options trunk=jx_vit_base_patch16_224_in21k.pth data_root=data/imagenet

The schedule is that of the other images; its own was not released.
"""

_base_ = [
    '_base_/models/vit_image.py',
    '_base_/datasets/imagenet.py',
    '_base_/schedules/sgd_100e.py',
    '_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = 'data/imagenet'
trunk = None
arch = 'base'
num_classes = 1000

# What the IN-21k trunk was trained with.
data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
