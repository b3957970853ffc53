"""The clips of paper_clips.py frame by frame, all views in a row."""

_base_ = 'paper_clips.py'

train_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleClip', clip_len=None, frame_interval=4, random=True),
    dict(type='DecodeVideo'),
    dict(type='MultiScaleResizedCrop', size=224, scales=(1, 0.875, 0.75, 0.66)),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename')),
]

val_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleClip', clip_len=None, frame_interval=4, random=False),
    dict(type='DecodeVideo'),
    dict(type='ResizeShortSide', size=224),
    dict(type='SquareViews', num_views=1),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename')),
]

test_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleViews', clip_len=None, frame_interval=4, num_views=4),
    dict(type='DecodeVideo'),
    dict(type='ResizeShortSide', size=224),
    dict(type='SquareViews', num_views=3),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename')),
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
