"""Every config loads and builds at full size, with the paper's parameter counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from torch import nn

import mmadapt
from mmadapt.config import load_config, resolve_config

CONFIGS = Path(__file__).parents[2] / 'configs'
LEAVES = sorted(
    p for p in CONFIGS.rglob('*.py') if not {'_base_', 'scale'} & set(p.parts)
)

# Trainable parameters of the model, head included: design facts of the paper's code.
COUNTS = {
    'adaptformer_cifar100.py': 1_266_532,
    'baselines/linear_cifar100.py': 76_900,
    'baselines/full_cifar100.py': 85_875_556,
    'adaptformer_nuswide.py': 1_251_921,
    'baselines/linear_nuswide.py': 62_289,
    'baselines/full_nuswide.py': 85_860_945,
    'adaptformer_imagenet.py': 1_958_632,
    'baselines/linear_imagenet.py': 769_000,
    'baselines/full_imagenet.py': 86_567_656,
    'baselines/linear_image_multilabel.py': 768 * 5 + 5,
    'adaptformer_ssv2.py': 1_324_974,
    'baselines/linear_ssv2.py': 135_342,
    'baselines/full_ssv2.py': 86_361_006,
    'baselines/linear_image_folder.py': 768 * 5 + 5,
    'baselines/linear_video_list.py': 768 * 5 + 5 + 2 * 768,
}


# What READMEs and metafiles say, see test_index.
LISTED = {
    Path(model['Config']).relative_to('configs').as_posix(): model['Metadata'][
        'Trainable Parameters'
    ]
    for metafile in CONFIGS.rglob('metafile.yml')
    for model in yaml.safe_load(metafile.read_text())['Models']
}


def build(cfg: Config) -> nn.Module:
    """Build a config's model without a trunk file, where it names one as ViT-B."""
    cfg = cfg.copy()
    cfg.model.backbone.init_cfg = None
    if cfg.get('arch', 0) is None:
        cfg.arch = 'base'
    resolved = resolve_config(cfg, 'predict', num_classes=5)
    with DefaultScope.overwrite_default_scope(resolved.default_scope):
        return MODELS.build(resolved.model)


def name_of(path: Path) -> str:
    return path.relative_to(CONFIGS).as_posix()


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_every_config_builds(path: Path) -> None:
    model = build(load_config(path))
    report = mmadapt.parameter_report(model)
    assert 0 < report.trainable <= report.total
    if name_of(path) in LISTED:
        assert report.trainable == LISTED[name_of(path)]
    if name_of(path) in COUNTS:
        assert report.trainable == COUNTS[name_of(path)]


@pytest.mark.parametrize(
    ('bottleneck', 'count'), [(1, 104_560), (4, 159_892), (64, 1_266_532)]
)
def test_bottlenecks_of_table_1(bottleneck: int, count: int) -> None:
    cfg = load_config(CONFIGS / 'adaptformer_cifar100.py')
    cfg.model.backbone.adapter.bottleneck = bottleneck
    assert mmadapt.parameter_report(build(cfg)).trainable == count


# Millions of trainable parameters that Tables 2 and 9 print, heads included.
PRINTED = [
    ('nuswide', 1, 0.09), ('nuswide', 4, 0.15), ('nuswide', 64, 1.25),
    ('imagenet', 1, 0.80), ('imagenet', 4, 0.85), ('imagenet', 16, 1.07),
    ('imagenet', 64, 1.96),
]  # fmt: skip


@pytest.mark.parametrize(('data', 'bottleneck', 'millions'), PRINTED)
def test_bottlenecks_of_tables_2_and_9(
    data: str, bottleneck: int, millions: float
) -> None:
    cfg = load_config(CONFIGS / f'adaptformer_{data}.py')
    cfg.model.backbone.adapter.bottleneck = bottleneck
    trainable = mmadapt.parameter_report(build(cfg)).trainable
    assert round(trainable / 1e6, 2) == millions


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_leaf_configs_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 25


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_every_config_is_watched_and_saves_task_files(path: Path) -> None:
    cfg = load_config(path)
    hooks = cfg.default_hooks
    assert hooks.checkpoint.type == 'AdapterCheckpointHook'
    assert hooks.frozen_trunk.type == 'FrozenTrunkHook'
    assert any(hook['type'] == 'SyncTrainedBuffersHook' for hook in cfg.custom_hooks)
    assert cfg.train_dataloader.drop_last is True
    assert cfg.optim_wrapper.constructor == 'TrainableOptimWrapperConstructor'
    assert cfg.custom_imports['imports'] == ['mmadapt']


def recipe(name: str) -> dict[str, Any]:
    cfg = load_config(CONFIGS / name)
    schedule = cfg.param_scheduler
    return {
        'optimizer': dict(cfg.optim_wrapper.optimizer),
        'epochs': (schedule.warmup, cfg.train_cfg.max_epochs),
        'ends_with_the_training': 'end' not in schedule,
        'by_iteration': schedule.convert_to_iter_based,
        'batch': cfg.train_dataloader.batch_size,
        'scaled_from': cfg.auto_scale_lr.base_batch_size,
    }


@pytest.mark.parametrize('data', ['cifar100', 'svhn', 'food101', 'nuswide', 'imagenet'])
def test_recipe_for_images_is_table_5(data: str) -> None:
    sgd = {'type': 'SGD', 'lr': 0.4, 'momentum': 0.9, 'weight_decay': 0.0}
    assert recipe(f'adaptformer_{data}.py') == {
        'optimizer': sgd,
        'epochs': (20, 100),
        'ends_with_the_training': True,
        'by_iteration': True,
        'batch': 128,
        'scaled_from': 1024,
    }
    backbone = load_config(CONFIGS / f'adaptformer_{data}.py').model.backbone
    assert dict(backbone.adapter) == {
        'type': 'AdaptMLP',
        'bottleneck': 64,
        'dropout': 0.1,
    }
    assert list(backbone.trainable) == []


@pytest.mark.parametrize('data', ['ssv2', 'hmdb51'])
def test_recipe_for_videos_is_table_5(data: str) -> None:
    sgd = {'type': 'SGD', 'lr': 0.4, 'momentum': 0.9, 'weight_decay': 0.0}
    assert recipe(f'adaptformer_{data}.py') == {
        'optimizer': sgd,
        'epochs': (10, 90),
        'ends_with_the_training': True,
        'by_iteration': True,
        'batch': 16,
        'scaled_from': 1024,
    }
    backbone = load_config(CONFIGS / f'adaptformer_{data}.py').model.backbone
    assert backbone.adapter.init == 'normal'
    assert backbone.adapter.get('dropout', 0.0) == 0.0
    assert backbone.tubelet_size == 2
    assert load_config(CONFIGS / f'adaptformer_{data}.py').num_frames == 8
    assert list(backbone.trainable) == ['fc_norm']


def test_full_fine_tuning_takes_a_tenth_of_the_rate_where_the_paper_does() -> None:
    rates = {
        data: recipe(f'baselines/full_{data}.py')['optimizer']['lr']
        for data in ('cifar100', 'svhn', 'food101', 'ssv2', 'hmdb51')
    }
    assert rates == {
        'cifar100': 0.4,
        'svhn': 0.04,
        'food101': 0.04,
        'ssv2': 0.4,
        'hmdb51': 0.4,
    }
