"""The small video ViT of the quickstart, 8 frames of 32 px."""

model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='AdaptFormerViT',
        img_size=32,
        patch_size=8,
        embed_dims=96,
        depth=6,
        num_heads=4,
        num_frames=8,
        tubelet_size=2,
        adapter=dict(type='AdaptMLP', bottleneck=64),
        trainable=['fc_norm'],
        init_cfg=dict(type='PretrainedTrunk', checkpoint=None),
    ),
    cls_head=dict(type='BNLinearHead', num_classes=8, in_channels=96),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[127.5, 127.5, 127.5],
        std=[127.5, 127.5, 127.5],
        format_shape='NCTHW',
    ),
)
