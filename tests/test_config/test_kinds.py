"""A part that doesn't say what it is, or that is no part, is refused by its name."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from mmadapt.config import resolve_config
from mmadapt.config.kinds import check_kinds
from mmadapt.errors import ConfigError

STEPS = [{'type': 'LoadImageFromFile'}]
DATA = {'type': 'ImageFolder', 'pipeline': STEPS}
HOOK = {'type': 'FiniteHook'}
RATE = {'type': 'ConstantLR'}
CFG = {
    'default_scope': 'mmpretrain',
    'model': {
        'type': 'ImageClassifier',
        'backbone': {'type': 'AdaptFormerViT'},
        'head': {'type': 'LinearClsHead', 'loss': {'type': 'CrossEntropyLoss'}},
    },
    'data_preprocessor': {'to_rgb': True},
    'optim_wrapper': {'optimizer': {'type': 'SGD', 'lr': 0.1}},
    'param_scheduler': [RATE],
    'train_dataloader': {'sampler': {'type': 'DefaultSampler'}, 'dataset': DATA},
    'val_dataloader': {'dataset': DATA},
    'val_evaluator': {'type': 'Accuracy'},
    'train_cfg': {'by_epoch': True},
    'val_cfg': {},
    'default_hooks': {'logger': {'type': 'LoggerHook'}, 'timer': None},
    'custom_hooks': [HOOK],
    'visualizer': {'type': 'Visualizer', 'vis_backends': None},
    'log_processor': {'window_size': 3},
}


def changed(path: str, value: Any) -> Config:
    """A config of which one part is another."""
    cfg = deepcopy(CFG)
    node: Any = cfg
    *names, last = (int(n) if n.isdigit() else n for n in path.split('.'))
    for name in names:
        node = node[name]
    node[last] = value
    return Config(cfg)


@pytest.mark.parametrize(
    ('path', 'value', 'allowed'),
    [
        ('optim_wrapper.optimizer', {'lr': 0.1}, 'any optimizer, such as .*Adam'),
        ('model', {'head': None}, 'any model, such as .*ImageClassifier'),
        ('model.backbone', {'depth': 3}, 'any model'),
        ('model.head', {'in_channels': 3}, 'any model, such as .*'),
        ('model.head.loss', {}, 'any model'),
        ('train_dataloader.dataset', {'pipeline': STEPS}, 'any dataset, such as'),
        (
            'train_dataloader.sampler',
            {'shuffle': True},
            'any data sampler, such as Def',
        ),
        ('train_dataloader.dataset.pipeline.0', {'backend': 'cv2'}, 'any transform'),
        ('param_scheduler.0', {'end': 3}, 'any parameter scheduler, such as Constant'),
        ('param_scheduler', {'end': 3}, 'any parameter scheduler'),
        ('default_hooks.logger', {'ignore_last': True}, 'any hook, such as LoggerHook'),
        ('custom_hooks.0', {'interval': 1}, 'any hook, such as'),
        ('visualizer', {'name': 'x'}, 'any visualizer, such as .*Visualizer'),
        ('strategy', {'gradient_clipping': 1}, "type='ShardedStrategy', 'Zero"),
        ('val_evaluator', {'topk': 1}, 'any metric, such as Accuracy'),
        ('val_evaluator', [{'topk': 1}], 'any metric, such as Accuracy'),
    ],
)
def test_a_part_without_a_type(path: str, value: Any, allowed: str) -> None:
    name = f'{path}.0' if isinstance(value, list) else path
    with pytest.raises(ConfigError, match=f'{name} is .* without a type.*{allowed}'):
        check_kinds(changed(path, value))


def test_a_slip_of_the_pen_is_named(tmp_path: Path) -> None:
    (tmp_path / 'own.py').write_text("model = dict(tpye='ImageClassifier')\n")
    cfg = Config.fromfile(tmp_path / 'own.py')
    with pytest.raises(ConfigError, match=r"own\.py: model is .*'tpye' is read as an"):
        check_kinds(cfg)


def test_the_type_inside_a_wrapper() -> None:
    wrapper = {'type': 'RepeatDataset', 'dataset': {'data_prefix': 'train'}}
    with pytest.raises(ConfigError, match='train_dataloader.dataset.dataset is'):
        check_kinds(changed('train_dataloader.dataset', wrapper))


@pytest.mark.parametrize('value', ['x', 3, 0.5, [3], True])
@pytest.mark.parametrize(
    'path',
    ['model', 'optim_wrapper', 'train_dataloader', 'train_dataloader.dataset',
     'train_dataloader.sampler', 'train_cfg', 'default_hooks', 'default_hooks.logger',
     'custom_hooks.0', 'param_scheduler.0', 'visualizer', 'strategy'],
)  # fmt: skip
def test_what_is_no_part(path: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f'{path} is .*; allowed: a dict'):
        check_kinds(changed(path, value))


@pytest.mark.parametrize(
    ('path', 'value'),
    [
        ('custom_hooks', HOOK),
        ('custom_hooks', 'x'),
        ('train_dataloader.dataset.pipeline', STEPS[0]),
        ('val_evaluator', 'Accuracy'),
        ('param_scheduler', 'ConstantLR'),
        ('model.backbone', 'AdaptFormerViT'),
    ],
)
def test_what_is_no_list(path: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f'{path} is .*; allowed: .*list of dicts'):
        check_kinds(changed(path, value))


@pytest.mark.parametrize('loader', [{}, {'dataset': None}])
def test_a_loader_without_data(loader: Any) -> None:
    with pytest.raises(ConfigError, match='train_dataloader has no dataset'):
        check_kinds(changed('train_dataloader', loader))


def test_a_loop_of_no_kind() -> None:
    with pytest.raises(ConfigError, match='without by_epoch; allowed: by_epoch=True'):
        check_kinds(changed('train_cfg', {'max_epochs': 3}))


@pytest.mark.parametrize(
    ('path', 'value'),
    [
        ('model', CFG['model']),  # as it is
        ('model', {'type': 'OfAnotherPackage', 'head': {'width': 3}, 'neck': 'x'}),
        ('model.head', [{'type': 'LinearClsHead'}]),
        ('optim_wrapper', {}),
        ('optim_wrapper', {'constructor': 'Own', 'generator': {'lr': 1}}),
        ('param_scheduler', {'generator': [RATE], 'discriminator': RATE}),
        ('param_scheduler', RATE),
        ('param_scheduler', None),
        ('val_evaluator', {'metrics': [{'type': 'Accuracy'}]}),
        ('train_cfg', {'max_iters': 3}),
        ('custom_hooks', ()),
        ('custom_hooks', None),
        ('visualizer', None),
        ('val_dataloader', None),
        ('strategy', {'type': 'ZeroStrategy'}),
        ('strategy', None),
    ],
)
def test_what_is_allowed(path: str, value: Any) -> None:
    check_kinds(changed(path, value))


def test_a_phase_looks_at_its_own_parts() -> None:
    cfg = changed('optim_wrapper.optimizer', {'lr': 0.1})
    check_kinds(cfg, 'test')
    check_kinds(cfg, 'predict')
    with pytest.raises(ConfigError, match=r'optim_wrapper\.optimizer'):
        resolve_config(cfg)
    with pytest.raises(ConfigError, match=r'model is .* without a type'):
        check_kinds(changed('model', {'head': None}), 'predict')


@pytest.mark.parametrize('scope', [3, ['mmpretrain'], {}])
def test_a_scope_that_is_no_name(scope: Any) -> None:
    with pytest.raises(ConfigError, match='default_scope is .*; allowed: the name of'):
        check_kinds(changed('default_scope', scope))
