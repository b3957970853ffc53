"""Visual prompt tuning on SSv2 from an image model, ImageNet-21k.

The paper's top-1: 16.94 (Table 4). The trunk is jx_vit_base_patch16_224_in21k, whose
patch embedding is inflated when it is loaded.
"""

_base_ = '../baselines/vpt_ssv2.py'
model = dict(data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3))
