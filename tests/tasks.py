"""Tiny data, trunks and configs on disk, for tests of the tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from tests.helpers import build_image_vit

IMAGE_CONFIG = """
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = None
trunk = None
arch = dict(num_heads=4)
num_classes = None
holdout = 0.0
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='AdaptFormerViT', arch=None, img_size=32, patch_size=8,
        adapter=dict(bottleneck=4),
        init_cfg=dict(type='PretrainedTrunk', checkpoint=None)),
    neck=dict(type='ClsBatchNormNeck', input_features=None),
    head=dict(
        type='LinearClsHead', num_classes=None, in_channels=None,
        loss=dict(type='CrossEntropyLoss')))
data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True)
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=32),
    dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=4, num_workers=0, drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='CustomDataset', data_prefix='train', pipeline=pipeline))
val_dataloader = dict(
    batch_size=4, num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CustomDataset', data_prefix='val', pipeline=pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='Accuracy', topk=(1, 5))
test_evaluator = val_evaluator
train_cfg = dict(by_epoch=True, max_epochs=2, val_interval=1)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.1, weight_decay=0.0))
default_hooks = dict(
    checkpoint=dict(type='AdapterCheckpointHook', interval=1),
    frozen_trunk=dict(type='FrozenTrunkHook'))
custom_hooks = [dict(type='SyncTrainedBuffersHook')]
"""
"""An image config with everything open."""


def write_images(
    root: Path, classes: Sequence[str] = ('blue', 'red'), per_class: int = 6
) -> Path:
    """An image folder, ``train`` and ``val`` alike, one colour a class."""
    generator = np.random.default_rng(0)
    for split in ('train', 'val'):
        for label, name in enumerate(classes):
            folder = root / split / name
            folder.mkdir(parents=True)
            for index in range(per_class):
                image = generator.integers(0, 256, (36, 36, 3), dtype=np.uint8)
                image[..., label % 3] = 255
                cv2.imwrite(str(folder / f'{index}.png'), image)
    return root


def write_trunk(file: Path, seed: int = 0) -> Path:
    """The trunk of :data:`IMAGE_CONFIG`, as MMPretrain would save it."""
    torch.manual_seed(seed)
    state = build_image_vit().state_dict()
    torch.save({'state_dict': {f'backbone.{k}': v for k, v in state.items()}}, file)
    return file


def write_config(file: Path, changes: str = '') -> Path:
    """:data:`IMAGE_CONFIG` in a file, with ``changes`` behind it."""
    file.write_text(IMAGE_CONFIG + changes)
    return file


VIDEO_CONFIG = """
default_scope = 'mmaction'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
data_root = None
trunk = None
arch = dict(num_heads=4)
num_classes = None
holdout = 0.0
model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='AdaptFormerViT', embed_dims=None, depth=None, num_heads=None,
        img_size=32, patch_size=8, num_frames=4, adapter=dict(bottleneck=4),
        trainable=['fc_norm'],
        init_cfg=dict(type='PretrainedTrunk', checkpoint=None)),
    cls_head=dict(type='BNLinearHead', num_classes=None, in_channels=None),
    data_preprocessor=dict(
        type='ActionDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3,
        format_shape='NCTHW'))
test_pipeline = [
    dict(type='DecordInit', num_threads=1),
    dict(type='SampleFrames', clip_len=4, num_clips=1, test_mode=True),
    dict(type='DecordDecode'),
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
train_dataloader = dict(
    batch_size=4, num_workers=0, drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='VideoDataset', ann_file='train.txt', pipeline=test_pipeline))
val_dataloader = dict(
    batch_size=4, num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoDataset', ann_file='val.txt', test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(
    type='AccMetric', metric_options=dict(top_k_accuracy=dict(topk=(1, 5))))
test_evaluator = val_evaluator
train_cfg = dict(by_epoch=True, max_epochs=2, val_interval=1)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.1, weight_decay=0.0))
default_hooks = dict(
    checkpoint=dict(type='AdapterCheckpointHook', interval=1),
    frozen_trunk=dict(type='FrozenTrunkHook'))
"""
"""A video config with everything open; its trunk may be that of the image config."""


def write_clips(root: Path, classes: int = 2, per_class: int = 4) -> Path:
    """h264 clips of 6 frames, one colour a class, listed in train.txt and val.txt."""
    import av

    root.mkdir(parents=True)
    lines = []
    for label in range(classes):
        for index in range(per_class):
            name = f'{label}_{index}.mp4'
            with av.open(str(root / name), 'w') as container:
                stream = container.add_stream('libx264', rate=8)
                stream.width = stream.height = 32
                stream.pix_fmt = 'yuv420p'
                for step in range(6):
                    image = np.full((32, 32, 3), 40 + 20 * step, dtype=np.uint8)
                    image[..., label % 3] = 255
                    frame = av.VideoFrame.from_ndarray(image, format='rgb24')
                    container.mux(stream.encode(frame))
                container.mux(stream.encode())
            lines.append(f'{root / name} {label}\n')
    for name in ('train.txt', 'val.txt'):
        (root / name).write_text(''.join(lines))
    return root


def write_video_config(file: Path, changes: str = '') -> Path:
    """:data:`VIDEO_CONFIG` in a file, with ``changes`` behind it."""
    file.write_text(VIDEO_CONFIG + changes)
    return file
