"""AdaptFormer-64 on Food-101, the recipe of the paper: 87.61 top-1 there (MAE).

tools/dist_train.sh configs/adaptformer_food101.py 8 \
    --cfg-options trunk=mae_pretrain_vit_base.pth data_root=data/food101
"""

_base_ = [
    '_base_/models/vit_image.py',
    '_base_/datasets/food101.py',
    '_base_/schedules/sgd_100e.py',
    '_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = 'data/food101'
trunk = None
arch = 'base'
num_classes = 101
