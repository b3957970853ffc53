"""EVA-02-L of MMPretrain on single frames, whose features are averaged."""

model = dict(
    type='Recognizer2D',
    backbone=dict(
        type='mmpretrain.AdaptedBackbone',
        backbone=dict(
            type='mmpretrain.ViTEVA02',
            arch='l',
            img_size=224,
            patch_size=14,
            sub_ln=True,
            final_norm=False,
            out_type='avg_featmap',
        ),
        adapter=dict(type='AdaptMLP', bottleneck=64),
        trainable=['ln2'],
        init_cfg=dict(type='PretrainedTrunk', checkpoint=None),
    ),
    cls_head=dict(
        type='BNLinearHead', num_classes=None, in_channels=1024, average_clips='score'
    ),
    # What the trunk was trained with: CLIP's.
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[122.7709383, 116.7460125, 104.09373615],
        std=[68.5005327, 66.6321579, 70.32316305],
        format_shape='NCHW',
    ),
)
