"""Full fine-tuning on Food-101 from supervised ImageNet-21k.

The paper's top-1: 90.96 (Table 6), from jx_vit_base_patch16_224_in21k, whose
pre-training scaled its inputs to -1 to 1, as this does.
"""

_base_ = '../baselines/full_food101.py'
data_preprocessor = dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5])
