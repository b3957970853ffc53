"""--cfg-options: names, types and values that mean something, and those that don't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from mmadapt.config import merge_options
from mmadapt.errors import ConfigError
from tests.tasks import write_config


def tiny(tmp_path: Path) -> Config:
    return Config.fromfile(write_config(tmp_path / 'tiny.py'))


@pytest.mark.parametrize(
    ('key', 'value', 'hint'),
    [
        ('train_dataloader.batchsize', 4, "'batch_size'"),
        ('train_dataloader.dataset.datapref', 1, "'data_prefix'"),
        ('train_dataloader.dataset.pipeline.1.scales', 1, "'scale'"),
        ('train_dataloader.sampler.shufle', True, "'shuffle'"),
        ('optim_wrapper.optimizer.lrr', 1, "'lr'"),
        ('optim_wrapper.accumulate_counts', 1, "'accumulative_counts'"),
        ('train_cfg.max_epoch', 3, "'max_epochs'"),
        ('test_cfg.fp17', True, "'fp16'"),
        ('model.bacbone.arch', 'base', "'backbone'"),
        ('model.head.topks', 1, "'topk'"),
        ('model.head.loss.loss_wight', 1, "'loss_weight'"),
        ('val_evaluator.top_k', 1, "'topk'"),
        ('default_hooks.chekpoint.interval', 2, "'checkpoint'"),
        ('default_hooks.chekpoint', None, "'checkpoint'"),
        ('default_hooks.checkpoint.intervall', 2, "'interval'"),
        ('randomness.sed', 2, "'seed'"),
        ('auto_scale_lr.enabled', True, "'enable'"),
        ('log_processor.window', 5, "'window_size'"),
        ('model.backbone.type', 'AdaptFormerVit', "'AdaptFormerViT'"),
        ('optim_wrapper.optimizer.type', 'AdamWW', "'AdamW'"),
    ],
)
def test_name_that_nothing_reads(
    tmp_path: Path, key: str, value: Any, hint: str
) -> None:
    with pytest.raises(ConfigError, match=key) as error:
        merge_options(tiny(tmp_path), {key: value})
    assert f'Did you mean {hint}?' in str(error.value)


@pytest.mark.parametrize(
    'options',
    [
        {'model.backbone.trainable': 'all'},
        {'model.backbone.with_cls_token': False},
        {'model.neck.type': 'GhostBatchNormNeck', 'model.neck.ghost_batch': 2},
        {'model.train_cfg.augments.type': 'Mixup', 'model.train_cfg.augments.alpha': 1},
        {'model.data_preprocessor.anything': 1},
        {'train_dataloader.dataset.pipeline.0.imdecode_backend': 'pillow'},
        {'train_dataloader.num_batch_per_epoch': 5},
        {'train_dataloader.persistent_workers': False},
        {'default_hooks.ema.type': 'EMAHook', 'default_hooks.ema.momentum': 0.1},
        {'default_hooks.checkpoint.save_last': False},
        {'default_hooks.checkpoint.priority': 'LOW'},
        {'custom_hooks.0.priority': 'LOW'},
        {'optim_wrapper.optimizer.type': 'Adam', 'optim_wrapper.optimizer.eps': 1e-6},
        {'optim_wrapper.loss_scale': 512.0},
        {'optim_wrapper.clip_grad.max_norm': 1.0},
        {'optim_wrapper.paramwise_cfg.norm_decay_mult': 0.0},
        {'param_scheduler.type': 'LinearLR', 'param_scheduler.start_factor': 0.1},
        {
            'param_scheduler.type': 'CosineAnnealingLR',
            'param_scheduler.convert_to_iter_based': True,
            'param_scheduler.T_max': 3,
        },
        {'env_cfg.mp_cfg.opencv_num_threads': 1},
        {'visualizer.type': 'Visualizer', 'visualizer.name': 'own'},
        {'log_processor.window_size': 5},
        {'val_cfg.fp16': True},
        {'val_evaluator.collect_device': 'gpu'},
        {'model.backbone.type': 'timm.resnet50'},
        {'model.backbone.type': 'TIMMBackbone', 'model.backbone.in_chans': 1},
        {'randomness.seed': None},
    ],
)
def test_what_a_class_takes_may_be_added(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    merge_options(tiny(tmp_path), options)


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('train_dataloader.batch_size', 'x'),
        ('val_dataloader.batch_size', 0),
        ('train_dataloader.batch_size', True),
        ('randomness.seed', 'abc'),
        ('randomness.seed', -1),
    ],
)
def test_value_that_is_no_such_number(tmp_path: Path, key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f'{key}={value}: a whole number from'):
        merge_options(tiny(tmp_path), {key: value})


def test_a_hook_is_switched_off_by_none(tmp_path: Path) -> None:
    off = {'default_hooks.frozen_trunk': None, 'default_hooks.timer': None}
    merged = merge_options(tiny(tmp_path), off)
    assert 'frozen_trunk' not in merged.default_hooks
    assert merged.default_hooks.timer is None  # which MMEngine would add


def test_validation_is_switched_off_by_any_part(tmp_path: Path) -> None:
    merged = merge_options(tiny(tmp_path), {'val_dataloader': None})
    assert merged.val_cfg is merged.val_evaluator is merged.val_dataloader is None
    assert merged.test_dataloader is not None
    with pytest.raises(ConfigError, match='a training needs all of'):
        merge_options(tiny(tmp_path), {'train_dataloader': None})
