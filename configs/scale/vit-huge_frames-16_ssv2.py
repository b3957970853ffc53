"""AdaptFormer-64 on SSv2, 16 frames, with VideoMAE's ViT-H/16, its trunk sharded.

NNODES=8 tools/dist_train.sh configs/scale/vit-huge_frames-16_ssv2.py 8 \
    --cfg-options trunk=videomae_pretrain_vit_h.pth data_root=data/ssv2
"""

_base_ = [
    '../backbones/vit-huge_adaptformer_ssv2.py',
    '../_base_/strategies/sharded.py',
]
num_frames = 16
model = dict(backbone=dict(frozen_dtype='bfloat16'))
optim_wrapper = dict(type='BFloat16OptimWrapper')
