"""Linear probing on SVHN from supervised ImageNet-21k.

The paper's top-1: 55.36 (Table 6), from jx_vit_base_patch16_224_in21k, whose
pre-training scaled its inputs to -1 to 1, as this does.
"""

_base_ = '../baselines/linear_svhn.py'
data_preprocessor = dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5])
