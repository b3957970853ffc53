"""AdaptFormer-64 on NUS-WIDE, 81 labels: 59.07 mAP in the paper (MAE).

tools/dist_train.sh configs/adaptformer_nuswide.py 8 \
    --cfg-options trunk=mae_pretrain_vit_base.pth data_root=data/nuswide

The schedule is that of the other images; its own was not released.
"""

_base_ = [
    '_base_/models/vit_image_multilabel.py',
    '_base_/datasets/nuswide.py',
    '_base_/schedules/sgd_100e.py',
    '_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = 'data/nuswide'
trunk = None
arch = 'base'
num_classes = 81
