"""AdaptFormer-64 on ImageNet-1k with DINOv2's ViT-g/14, its trunk sharded.

NNODES=2 tools/dist_train.sh configs/scale/dinov2-giant_imagenet.py 8 \
    --cfg-options trunk=vit-giant-p14_dinov2-pre_3rdparty.pth data_root=data/imagenet
"""

_base_ = ['../adaptformer_imagenet.py', '../_base_/strategies/sharded.py']
arch = dict(
    _delete_=True,
    embed_dims=1536,
    num_layers=40,
    num_heads=24,
    feedforward_channels=6144,
)
model = dict(
    backbone=dict(
        patch_size=14,
        layer_scale_init_value=1e-5,
        layer_cfgs=dict(ffn_type='swiglu_fused'),
        frozen_dtype='bfloat16',
    )
)
optim_wrapper = dict(type='BFloat16OptimWrapper')
# What the trunk was trained with, unlike that of the base config: ImageNet's own.
data_preprocessor = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
# 16 GPUs: the learning rate is meant for 1024 images a step.
train_dataloader = dict(batch_size=64)
