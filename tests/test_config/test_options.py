"""--cfg-options: what it refuses, and where a variable goes."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from mmadapt.config import merge_options
from mmadapt.errors import ConfigError


def config() -> Config:
    data = {'type': 'CustomDataset', 'data_root': 'photos', 'data_prefix': 'train'}
    return Config(
        {
            'data_root': 'photos',
            'max_epochs': 3,
            'model': {
                'type': 'ImageClassifier',
                'backbone': {
                    'type': 'AdaptFormerViT',
                    'arch': None,
                    'adapter': {'bottleneck': 64},
                    'init_cfg': {'type': 'PretrainedTrunk', 'checkpoint': 'own.pth'},
                },
                'head': {'type': 'LinearClsHead', 'num_classes': 3},
            },
            'train_dataloader': {'dataset': data},
            'val_dataloader': {'dataset': {**data, 'data_root': 'elsewhere'}},
        }
    )


@pytest.mark.parametrize(
    ('key', 'hint'),
    [
        ('data_rot', "Did you mean 'data_root'"),
        ('modle.head.num_classes', "Did you mean 'model'"),
        ('model.backbone.adapter.botleneck', "Did you mean 'bottleneck'"),
        ('model.backbone.adapter.dim', 'allowed: type, layers, branch, bottleneck'),
    ],
)
def test_unknown_key(key: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=key.split('.')[-1]) as error:
        merge_options(config(), {key: 1})
    assert hint in str(error.value)


@pytest.mark.parametrize(
    'key',
    [
        'model.backbone.adapter.scale',
        'model.backbone.adapter.layers',
        'model.backbone.adapter.layers.last',
        'model.backbone.adapter.branch',
        'model.head.topk',
        'randomness.seed',
        'load_from',
        'auto_scale_lr.enable',
    ],
)
def test_new_nested_keys_and_runner_keys_are_taken(key: str) -> None:
    merged = merge_options(config(), {key: 1})
    node = merged
    for name in key.split('.'):
        node = node[name]
    assert node == 1


def test_no_option_changes_nothing() -> None:
    assert merge_options(config(), None).to_dict() == config().to_dict()


def test_data_root_replaces_its_own_former_value_only() -> None:
    merged = merge_options(config(), {'data_root': 'new'})
    assert merged.train_dataloader.dataset.data_root is None  # open: to be filled
    assert merged.val_dataloader.dataset.data_root == 'elsewhere'
    assert merged.data_root == 'new'


@pytest.mark.parametrize(
    ('variable', 'place'),
    [
        ('trunk', "model.backbone.init_cfg.checkpoint='own.pth'"),
        ('num_classes', 'model.head.num_classes=3'),
    ],
)
def test_variable_that_reaches_nothing(variable: str, place: str) -> None:
    with pytest.raises(ConfigError, match='reaches nothing') as error:
        merge_options(config(), {variable: 7})
    assert place in str(error.value)


def test_variable_without_a_place() -> None:
    cfg = config()
    cfg.model.backbone.init_cfg = {'type': 'RandomTrunk'}
    with pytest.raises(ConfigError, match='has no place for it'):
        merge_options(cfg, {'trunk': 'file.pth'})


def test_option_below_none_opens_it() -> None:
    merged = merge_options(config(), {'model.backbone.arch.num_heads': 3})
    assert merged.model.backbone.arch == {'num_heads': 3}


def test_option_inside_a_plain_value() -> None:
    with pytest.raises(ConfigError, match='nowhere to go'):
        merge_options(config(), {'model.head.num_classes.x': 3})


def test_variable_of_the_file_warns_that_it_is_spent() -> None:
    with pytest.warns(UserWarning, match='variable of the config file'):
        merge_options(config(), {'max_epochs': 5})


@pytest.mark.parametrize('former', ['all', [0, 1], None, {'first': 2, 'last': 1}])
def test_a_part_of_a_rule_stands_over_whatever_the_layers_were(former: object) -> None:
    cfg = config()
    cfg.model.backbone.adapter.layers = former
    merged = merge_options(cfg, {'model.backbone.adapter.layers.last': 2})
    rule = {**former, 'last': 2} if isinstance(former, dict) else {'last': 2}
    assert merged.model.backbone.adapter.layers == rule


def test_an_entry_of_a_list_is_changed_in_place() -> None:
    cfg = config()
    cfg.model.backbone.adapter.update(layers=[0, 1], bottleneck=[4, 8])
    options = {
        'model.backbone.adapter.layers.0': 7,
        'model.backbone.adapter.bottleneck.1': 9,
    }
    adapter = merge_options(cfg, options).model.backbone.adapter
    assert adapter.layers == [7, 1]
    assert adapter.bottleneck == [4, 9]


@pytest.mark.parametrize(
    'key', ['model.backbone.adapter.layers.2', 'model.backbone.adapter.bottleneck.0']
)
def test_an_entry_that_is_not_there_has_nowhere_to_go(key: str) -> None:
    cfg = config()
    cfg.model.backbone.adapter.update(layers=[0, 1], bottleneck=4)
    with pytest.raises(ConfigError, match='nowhere to go'):
        merge_options(cfg, {key: 7})
