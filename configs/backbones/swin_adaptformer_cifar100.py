"""AdaptFormer on CIFAR-100 with a Swin-B.

The paper's top-1: 91.88 (Table 7).
"""

_base_ = [
    '../_base_/models/swin_image.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/sgd_100e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = 'data/cifar100'
trunk = None
num_classes = 100
