"""Swin-B for images; an adapter is a twelfth as wide as its stage."""

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='AdaptedBackbone',
        backbone=dict(
            type='SwinTransformer', arch='base', img_size=224, drop_path_rate=0.0
        ),
        adapter=dict(type='AdaptMLP', bottleneck='1/12', dropout=0.1),
        trainable=[],
        init_cfg=dict(type='PretrainedTrunk', checkpoint=None),
    ),
    neck=[
        dict(type='GlobalAveragePooling'),
        dict(type='ClsBatchNormNeck', input_features=1024),
    ],
    head=dict(
        type='LinearClsHead',
        num_classes=None,
        in_channels=1024,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
    ),
)
