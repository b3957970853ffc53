"""A video ViT with AdaptFormer-64, frames, sizes and classes are found when None."""

model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='AdaptFormerViT',
        img_size=224,
        patch_size=16,
        embed_dims=None,
        depth=None,
        num_heads=None,
        num_frames=None,
        tubelet_size=2,
        adapter=dict(type='AdaptMLP', bottleneck=64),
        trainable=['fc_norm'],
        init_cfg=dict(type='PretrainedTrunk', checkpoint=None),
    ),
    cls_head=dict(
        type='BNLinearHead',
        num_classes=None,
        in_channels=None,
        average_clips='score',
    ),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        format_shape='NCTHW',
    ),
)
