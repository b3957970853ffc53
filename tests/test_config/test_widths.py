"""A layer of no width is refused by the name of its option."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmadapt.config import load_config, merge_options, resolve_config
from mmadapt.config.widths import check_widths
from mmadapt.errors import ConfigError
from tests.tasks import write_config

PARTS = ('head.in_channels', 'head.num_classes', 'neck.input_features')


@pytest.mark.parametrize('phase', ['train', 'test', 'predict'])
@pytest.mark.parametrize('option', [f'model.{part}' for part in PARTS])
@pytest.mark.parametrize('value', [0, -3])
def test_below_one(option: str, value: int, phase: str, tmp_path: Path) -> None:
    cfg = load_config(write_config(tmp_path / 'photos.py'))
    merge_options(cfg, {option: value})
    with pytest.raises(ConfigError, match=rf'photos\.py: {option} is {value}; allowed'):
        resolve_config(cfg, phase)


@pytest.mark.parametrize('option', ['img_size', 'patch_size', 'embed_dims'])
@pytest.mark.parametrize('value', [0, [-16, 224]])
def test_sizes_of_the_trunk(option: str, value: Any, tmp_path: Path) -> None:
    cfg = load_config(write_config(tmp_path / 'photos.py'))
    merge_options(cfg, {f'model.backbone.{option}': value})
    with pytest.raises(ConfigError, match=rf'photos\.py: model\.backbone\.{option} is'):
        resolve_config(cfg, 'train')


@pytest.mark.parametrize('value', [None, 1, 'x'])
def test_others_are_left_to_what_reads_them(value: Any, tmp_path: Path) -> None:
    cfg = load_config(write_config(tmp_path / 'photos.py'))
    merge_options(cfg, {'model.head.in_channels': value})
    check_widths(cfg)
    assert cfg.model.head.in_channels == value
