"""One's own clips: train.txt and val.txt below data_root, `path label` a line."""

train_pipeline = [
    dict(type='OpenVideo'),
    dict(
        type='SampleFrames',
        clip_len=8,
        frame_interval=4,
        num_clips=1,
        out_of_bound_opt='repeat_last',
    ),
    dict(type='DecodeVideo'),
    dict(type='RandomResizedCrop', area_range=(0.3, 1.0)),
    dict(type='Resize', scale=(224, 224), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs'),
]

test_pipeline = [
    dict(type='OpenVideo'),
    dict(
        type='SampleFrames',
        clip_len=8,
        frame_interval=4,
        num_clips=1,
        out_of_bound_opt='repeat_last',
        test_mode=True,
    ),
    dict(type='DecodeVideo'),
    dict(type='Resize', scale=(-1, 224)),
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs'),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    drop_last=True,  # BatchNorm of the head can't take a batch of one
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='VideoList', ann_file='train.txt', pipeline=train_pipeline),
)

val_dataloader = dict(
    batch_size=8,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoList', ann_file='val.txt', pipeline=test_pipeline, test_mode=True
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
