"""A training of a second: random photos, a tiny random trunk, and every kind of state.

Dropout and random crops need the generators, momentum the optimizer, warm-up the
schedule, and there is a moving average and a BatchNorm in the head.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

__all__ = ['write_task']

CONFIG = """
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmadapt'], allow_failed_imports=False)
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='AdaptFormerViT', img_size=32, patch_size=16,
        arch=dict(embed_dims=24, num_layers=2, num_heads=2, feedforward_channels=48),
        adapter=dict(bottleneck=4, dropout=0.5),
        init_cfg=dict(type='RandomTrunk')),
    neck=dict(type='ClsBatchNormNeck', input_features=24),
    head=dict(
        type='LinearClsHead', num_classes=2, in_channels=24,
        loss=dict(type='CrossEntropyLoss')))
data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True)
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=32),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs')]
dataset = dict(type='CustomDataset', data_root={photos!r}, pipeline=pipeline)
train_dataloader = dict(
    batch_size=4, num_workers={workers}, drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True), dataset=dataset)
val_dataloader = dict(
    batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dataset)
val_evaluator = dict(type='Accuracy', topk=1)
train_cfg = dict(by_epoch=True, max_epochs={epochs}, val_interval=2)
val_cfg = dict()
optim_wrapper = dict(
    constructor='TrainableOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=6)]
default_hooks = dict(
    checkpoint=dict(
        type='AdapterCheckpointHook', save_best='auto', max_keep_ckpts=2, {saving}),
    logger=dict(type='LoggerHook', interval=1),
    frozen_trunk=dict(type='FrozenTrunkHook'))
custom_hooks = [
    dict(type='SyncBuffersHook'), dict(type='mmengine.EMAHook', momentum=0.1)]
randomness = dict(seed=3)
"""

SAVING = ('interval=1', 'interval=2, by_epoch=False')
"""Behind each epoch, and in the midst of epochs."""


def write_task(
    folder: Path, saving: str = SAVING[0], workers: int = 0, epochs: int = 4
) -> Path:
    """Photos and a config that trains on them.

    Args:
        folder: Where to.
        saving: Options of the checkpoint hook.
        workers: Processes that load data.
        epochs: Of four batches each.

    Returns:
        The config.
    """
    generator = np.random.default_rng(0)
    for label in range(2):
        photos = folder / 'photos' / f'class{label}'
        photos.mkdir(parents=True, exist_ok=True)
        for index in range(8):
            image = generator.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            image[..., label] = 255
            cv2.imwrite(str(photos / f'{index}.png'), image)
    text = CONFIG
    for name, value in (
        ('photos!r', repr(str(folder / 'photos'))),
        ('workers', str(workers)),
        ('epochs', str(epochs)),
        ('saving', saving),
    ):
        text = text.replace(f'{{{name}}}', value)
    config = folder / 'tiny.py'
    config.write_text(text)
    return config
