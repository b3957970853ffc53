"""As videomae-giant_frames-16_ssv2.py, dealt out by DeepSpeed's ZeRO-3, in float32.

NNODES=8 tools/dist_train.sh configs/scale/videomae-giant_frames-16_zero_ssv2.py 8 \
    --cfg-options trunk=vit_g_hybrid_pt_1200e.pth data_root=data/ssv2
"""

_base_ = ['../adaptformer_ssv2.py', '../_base_/strategies/zero.py']
num_frames = 16
arch = dict(
    _delete_=True,
    embed_dims=1408,
    num_layers=40,
    num_heads=16,
    feedforward_channels=6144,
)
model = dict(backbone=dict(patch_size=14))
