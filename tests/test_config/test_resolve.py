"""resolve_config() as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from mmadapt import resolve_config
from mmadapt.config import load_config, merge_options
from mmadapt.errors import ConfigError, DataError
from tests.tasks import write_config, write_images, write_trunk


@pytest.fixture
def opened(tmp_path: Path) -> Config:
    cfg = load_config(write_config(tmp_path / 'photos.py'))
    options = {
        'data_root': str(write_images(tmp_path / 'photos')),
        'trunk': str(write_trunk(tmp_path / 'tiny.pth')),
    }
    return merge_options(cfg, options)


def test_command_line_is_enough(opened: Config) -> None:
    cfg = resolve_config(opened)
    assert cfg.model.backbone.arch.embed_dims == 48
    assert cfg.model.neck.input_features == cfg.model.head.in_channels == 48
    assert cfg.model.head.num_classes == 2
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.data_root == opened.data_root
    assert opened.model.head.num_classes is None  # what was given is left as it is


@pytest.mark.parametrize('holdout', [0.0, 0.5])
@pytest.mark.parametrize('phase', ['train', 'test', 'predict'])
def test_idempotent_and_dumped_text_is_the_same(
    opened: Config, tmp_path: Path, holdout: float, phase: str
) -> None:
    once = resolve_config(merge_options(opened, {'holdout': holdout}))
    once.dump(tmp_path / 'dumped.py')
    again = load_config(tmp_path / 'dumped.py')
    assert resolve_config(again, phase).pretty_text == once.pretty_text


def test_dumped_config_takes_other_data_and_another_trunk(
    opened: Config, tmp_path: Path
) -> None:
    resolve_config(opened).dump(tmp_path / 'dumped.py')
    other = {
        'data_root': str(write_images(tmp_path / 'others', ('a', 'b'))),
        'trunk': str(write_trunk(tmp_path / 'moved.pth')),
    }
    cfg = resolve_config(merge_options(load_config(tmp_path / 'dumped.py'), other))
    assert cfg.model.backbone.init_cfg.checkpoint == other['trunk']
    assert cfg.train_dataloader.dataset.data_root == other['data_root']


def test_holdout_takes_both_sides_from_the_training_set(opened: Config) -> None:
    cfg = resolve_config(merge_options(opened, {'holdout': 0.25}))
    train = cfg.train_dataloader.dataset
    assert (train.type, train.part) == ('StratifiedPart', 'rest')
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        held = loader.dataset
        assert (held.part, held.fraction) == ('held_out', 0.25)
        assert held.dataset.data_prefix == train.dataset.data_prefix == 'train'
        assert held.dataset.test_mode is True
        assert held.pipeline == opened.test_dataloader.dataset.pipeline


def test_holdout_needs_no_validation_folder(opened: Config, tmp_path: Path) -> None:
    (tmp_path / 'photos' / 'val').rename(tmp_path / 'away')
    with pytest.raises(DataError, match='holdout=0.2'):
        resolve_config(opened)
    resolve_config(merge_options(opened, {'holdout': 0.2}))


def test_holdout_of_a_dumped_config(opened: Config) -> None:
    once = resolve_config(merge_options(opened, {'holdout': 0.25}))
    more = resolve_config(merge_options(once, {'holdout': 0.5}))
    assert more.train_dataloader.dataset.fraction == 0.5
    assert more.test_dataloader.dataset.fraction == 0.5
    with pytest.raises(ConfigError, match='original config'):
        resolve_config(merge_options(once, {'holdout': 0}))


@pytest.mark.parametrize('fraction', [1.0, -0.5, 'fifth'])
def test_holdout_out_of_range(opened: Config, fraction: object) -> None:
    with pytest.raises(ConfigError, match='holdout'):
        resolve_config(merge_options(opened, {'holdout': fraction}))


def test_holdout_of_a_wrapped_set(opened: Config) -> None:
    opened.train_dataloader.dataset = {
        'type': 'RepeatDataset',
        'times': 2,
        'dataset': opened.train_dataloader.dataset,
    }
    with pytest.raises(ConfigError, match='RepeatDataset'):
        resolve_config(merge_options(opened, {'holdout': 0.2}))


def test_prediction_needs_no_data(opened: Config) -> None:
    opened.data_root = None
    cfg = resolve_config(opened, 'predict', num_classes=3)
    assert cfg.model.head.num_classes == 3
    with pytest.raises(DataError, match='data_root is None'):
        resolve_config(opened, 'test')


def test_unknown_phase(opened: Config) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'train'"):
        resolve_config(opened, 'trian')
