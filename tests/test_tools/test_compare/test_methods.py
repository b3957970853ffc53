"""The methods as configs: what trains, and what stays of the config's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from compare.methods import METHODS, find_method, write_config

from mmadapt.config import load_config
from mmadapt.errors import ConfigError
from tests.tasks import write_config as write_base


def backbone_of(folder: Path, name: str, changes: str = '') -> dict:
    base = write_base(folder / 'base.py', changes)
    write_config(base, find_method(name), folder / f'{name}.py')
    cfg = load_config(folder / f'{name}.py')
    assert cfg.optim_wrapper.optimizer.lr == 0.1
    return cfg.model.backbone


@pytest.mark.parametrize(
    ('name', 'adapter'),
    [
        ('full', None),
        ('linear', None),
        ('vpt', {'type': 'VPT'}),
        ('vpt-8', {'type': 'VPT', 'num_tokens': 8}),
        ('adaptformer-1', {'bottleneck': 1}),
        ('adaptformer-64', {'bottleneck': 64}),
    ],
)
def test_each_method(tmp_path: Path, name: str, adapter: dict | None) -> None:
    backbone = backbone_of(tmp_path, name)
    assert backbone.adapter == adapter
    assert backbone.get('trainable') == ('all' if name == 'full' else None)


def test_options_of_the_config_stay(tmp_path: Path) -> None:
    own = "model['backbone'].update(adapter=dict(scale=0.2), trainable=['ln1'])\n"
    backbone = backbone_of(tmp_path, 'adaptformer-4', own)
    assert backbone.adapter == {'scale': 0.2, 'bottleneck': 4}
    assert backbone.trainable == ['ln1']


def test_a_config_of_a_baseline_serves_as_well(tmp_path: Path) -> None:
    none = "model['backbone']['adapter'] = None\n"
    assert backbone_of(tmp_path, 'vpt', none).adapter == {'type': 'VPT'}
    prompts = "model['backbone']['adapter'] = dict(type='VPT', num_tokens=3)\n"
    backbone = backbone_of(tmp_path, 'adaptformer-4', prompts)
    assert backbone.adapter == {'bottleneck': 4}


def test_a_config_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    backbone_of(tmp_path, 'linear')
    before = (tmp_path / 'linear.py').stat().st_mtime_ns
    backbone_of(tmp_path, 'linear')
    assert (tmp_path / 'linear.py').stat().st_mtime_ns == before


@pytest.mark.parametrize('name', ['lora', 'vpt-0', 'vpt-few'])
def test_an_unknown_method_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=', '.join(METHODS)):
        find_method(name)


def test_a_backbone_without_adapter_is_refused(tmp_path: Path) -> None:
    base = write_base(tmp_path / 'a.py', "del model['backbone']['adapter']\n")
    with pytest.raises(ConfigError, match='has no adapter'):
        write_config(base, find_method('linear'), tmp_path / 'b.py')
