"""Video Swin-B; an adapter is a twelfth as wide as its stage."""

model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='AdaptedBackbone',
        backbone=dict(
            type='SwinTransformer3D',
            arch='base',
            pretrained2d=False,
            patch_size=(2, 4, 4),
            window_size=(8, 7, 7),
            drop_path_rate=0.0,
        ),
        adapter=dict(type='AdaptMLP', bottleneck='1/12'),
        trainable=[],
        init_cfg=dict(type='PretrainedTrunk', checkpoint=None),
    ),
    cls_head=dict(
        type='BNLinearHead', num_classes=None, in_channels=1024, average_clips='score'
    ),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        format_shape='NCTHW',
    ),
)
