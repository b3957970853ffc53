"""As videomae-giant_frames-16_ssv2.py, dealt out by DeepSpeed's ZeRO-3, in float32.

NNODES=8 tools/dist_train.sh configs/scale/videomae-giant_frames-16_zero_ssv2.py 8 \
    --cfg-options trunk=vit_g_hybrid_pt_1200e.pth data_root=data/ssv2
"""

_base_ = 'videomae-giant_frames-16_ssv2.py'
model = dict(backbone=dict(frozen_dtype=None))
strategy = dict(_delete_=True, type='ZeroStrategy')
optim_wrapper = dict(type='OptimWrapper')
