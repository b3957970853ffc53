"""``split``: which folder of lists is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope

from mmadapt.config import load_config, merge_options, resolve_config
from mmadapt.errors import ConfigError, DataError
from tests.test_configs.imitations import write_lists
from tests.test_configs.test_build import CONFIGS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two splits, one clip; the second split has two lines a class."""
    for split in ('one', 'two'):
        write_lists(tmp_path, 2, 'txt', ['train', 'val'], split)
    for part in ('train', 'val'):
        file = tmp_path / 'two' / f'{part}.txt'
        file.write_text(file.read_text() * 2)
    return tmp_path


def resolved(root: Path, **options: object) -> Config:
    cfg = load_config(CONFIGS / 'adaptformer_video_list.py')
    cfg.model.backbone.init_cfg = None
    merge_options(cfg, {'data_root': str(root), 'arch': 'deit-tiny', **options})
    return resolve_config(cfg)


def lengths(cfg: Config) -> list[int]:
    parts = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    with DefaultScope.overwrite_default_scope('mmaction'):
        return [len(DATASETS.build(cfg[part].dataset)) for part in parts]


def test_a_split_reaches_every_list(root: Path) -> None:
    cfg = resolved(root, split='one')
    assert lengths(cfg) == [2, 2, 2]
    assert cfg.train_dataloader.dataset.ann_dir == 'one'
    assert cfg.model.cls_head.num_classes == 2


def test_another_one_replaces_it_in_a_resolved_config(root: Path) -> None:
    again = merge_options(resolved(root, split='one'), {'split': 'two'})
    assert lengths(resolve_config(again)) == [4, 4, 4]


def test_a_held_out_part_of_a_split(root: Path) -> None:
    assert lengths(resolved(root, split='two', holdout=0.5)) == [2, 2, 2]


def test_a_missing_split_is_named(root: Path) -> None:
    with pytest.raises(DataError, match=r"tow' does not exist.*split=NAME.*two'\?"):
        resolved(root, split='tow')


def test_images_have_no_split() -> None:
    cfg = load_config(CONFIGS / 'adaptformer_cifar100.py')
    with pytest.raises(ConfigError, match='split=one reaches nothing.*no place'):
        merge_options(cfg, {'split': 'one'})
