"""AdaptFormer on SVHN with a Swin-B.

The paper's top-1: 97.31 (Table 7).
"""

_base_ = [
    '../_base_/models/swin_image.py',
    '../_base_/datasets/svhn.py',
    '../_base_/schedules/sgd_100e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = 'data/svhn'
trunk = None
num_classes = 10
