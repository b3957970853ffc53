"""AdaptFormer-64 on CIFAR-100, the recipe of the paper: 85.90 top-1 there (MAE).

tools/dist_train.sh configs/adaptformer_cifar100.py 8 \
    --cfg-options trunk=mae_pretrain_vit_base.pth data_root=data/cifar100
"""

_base_ = [
    '_base_/models/vit_image.py',
    '_base_/datasets/cifar100.py',
    '_base_/schedules/sgd_100e.py',
    '_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = 'data/cifar100'
trunk = None
arch = 'base'
num_classes = 100
