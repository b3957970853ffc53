"""The small image ViT of the quickstart, 32 px, pre-trained on light digits."""

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='AdaptFormerViT',
        arch=dict(embed_dims=96, num_layers=6, num_heads=4, feedforward_channels=384),
        img_size=32,
        patch_size=8,
        out_type='avg_featmap',
        with_cls_token=False,
        final_norm=False,
        adapter=dict(type='AdaptMLP', bottleneck=64),
        trainable=(),
        init_cfg=dict(type='PretrainedTrunk', checkpoint=None),
    ),
    neck=dict(type='ClsBatchNormNeck', input_features=96),
    head=dict(
        type='LinearClsHead',
        num_classes=10,
        in_channels=96,
        loss=dict(type='CrossEntropyLoss'),
    ),
)
