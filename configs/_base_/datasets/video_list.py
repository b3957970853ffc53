"""One's own clips: train.txt and val.txt below data_root, `path label` a line.

Eight frames, every fourth, as in the paper; no flips, which turn left into right.
"""

train_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleClip', clip_len=None, frame_interval=4, random=True),
    dict(type='DecodeVideo'),
    dict(type='MultiScaleResizedCrop', size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename')),
]

test_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleClip', clip_len=None, frame_interval=4, random=False),
    dict(type='DecodeVideo'),
    dict(type='ResizeShortSide', size=224),
    dict(type='SquareViews', num_views=1),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename')),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    drop_last=True,  # BatchNorm of the head can't take a batch of one
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VideoList',
        ann_file='train.txt',
        ann_dir=None,
        frame_store=None,
        num_classes=None,
        pipeline=train_pipeline,
    ),
)

val_dataloader = dict(
    batch_size=8,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoList',
        ann_file='val.txt',
        ann_dir=None,
        frame_store=None,
        num_classes=None,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
