"""Handwritten digits that move in eight ways, h264 clips of 8 frames of 32 px.

``tools/quickstart.sh`` writes them. The same random crop for all frames of a clip;
no flips, which turn one motion into another.
"""

train_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleFrames', clip_len=8, frame_interval=1, num_clips=1),
    dict(type='DecodeVideo'),
    dict(type='RandomResizedCrop', area_range=(0.7, 1.0)),
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename')),
]

test_pipeline = [
    dict(type='OpenVideo'),
    dict(
        type='SampleFrames', clip_len=8, frame_interval=1, num_clips=1, test_mode=True
    ),
    dict(type='DecodeVideo'),
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename')),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='VideoList', ann_file='train.txt', pipeline=train_pipeline),
)

val_dataloader = dict(
    batch_size=80,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoList', ann_file='val.txt', pipeline=test_pipeline, test_mode=True
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type='AccMetric', metric_options=dict(top_k_accuracy=dict(topk=(1,)))
)
test_evaluator = val_evaluator
