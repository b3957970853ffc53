"""An image ViT with AdaptFormer-64; sizes and classes are found when left None."""

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='AdaptFormerViT',
        arch=None,
        img_size=224,
        patch_size=16,
        adapter=dict(type='AdaptMLP', bottleneck=64, dropout=0.1),
        trainable=[],
        init_cfg=dict(type='PretrainedTrunk', checkpoint=None),
    ),
    neck=dict(type='ClsBatchNormNeck', input_features=None),
    head=dict(
        type='LinearClsHead',
        num_classes=None,
        in_channels=None,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
    ),
)
