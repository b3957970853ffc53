"""Clips by the paper's recipe: 8 frames, every fourth, 224 px, no flip.

train.csv, val.csv and test.csv in data_root, or in the folder `split` below it, `path
label` a line (test.csv lists the validation videos again). Validation takes the middle
window and the middle crop, the test 4 temporal and 3 spatial views.
"""

train_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleClip', clip_len=None, frame_interval=4, random=True),
    dict(type='DecodeVideo'),
    dict(type='MultiScaleResizedCrop', size=224, scales=(1, 0.875, 0.75, 0.66)),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename')),
]

val_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleClip', clip_len=None, frame_interval=4, random=False),
    dict(type='DecodeVideo'),
    dict(type='ResizeShortSide', size=224),
    dict(type='SquareViews', num_views=1),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename')),
]

test_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleViews', clip_len=None, frame_interval=4, num_views=4),
    dict(type='DecodeVideo'),
    dict(type='ResizeShortSide', size=224),
    dict(type='SquareViews', num_views=3),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename')),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VideoList',
        ann_file='train.csv',
        ann_dir=None,
        frame_store=None,
        num_classes=None,
        pipeline=train_pipeline,
    ),
)

val_dataloader = dict(
    batch_size=16,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoList',
        ann_file='val.csv',
        ann_dir=None,
        frame_store=None,
        num_classes=None,
        pipeline=val_pipeline,
        test_mode=True,
    ),
)

test_dataloader = dict(
    batch_size=1,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoList',
        ann_file='test.csv',
        ann_dir=None,
        frame_store=None,
        num_classes=None,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
