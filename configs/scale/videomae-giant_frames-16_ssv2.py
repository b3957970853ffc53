"""AdaptFormer-64 on SSv2, 16 frames, with VideoMAE V2's ViT-g/14, its trunk sharded.

NNODES=8 tools/dist_train.sh configs/scale/videomae-giant_frames-16_ssv2.py 8 \
    --cfg-options trunk=vit_g_hybrid_pt_1200e.pth data_root=data/ssv2
"""

_base_ = ['../adaptformer_ssv2.py', '../_base_/strategies/sharded.py']
num_frames = 16
arch = dict(
    _delete_=True,
    embed_dims=1408,
    num_layers=40,
    num_heads=16,
    feedforward_channels=6144,
)
model = dict(backbone=dict(patch_size=14, frozen_dtype='bfloat16'))
optim_wrapper = dict(type='BFloat16OptimWrapper')
