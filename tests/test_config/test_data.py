"""Where the data of a config is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from mmadapt.config.data import check_folders, fill_data_root
from mmadapt.errors import ConfigError, DataError
from tests.tasks import write_images


def config(*datasets: dict[str, Any], **top: Any) -> Config:
    names = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    loaders = {
        name: {'dataset': dataset}
        for name, dataset in zip(names, datasets, strict=False)
    }
    return Config({'default_scope': 'mmpretrain', **loaders, **top})


def folder(prefix: str = 'train', **options: Any) -> dict[str, Any]:
    return {'type': 'CustomDataset', 'data_prefix': prefix, **options}


def test_data_root_reaches_datasets_without_one_inside_wrappers_too() -> None:
    repeated = {'type': 'RepeatDataset', 'times': 2, 'dataset': folder()}
    joined = {'type': 'ConcatDataset', 'datasets': [folder(), folder(data_root='own')]}
    cfg = config(repeated, joined, data_root='photos')
    fill_data_root(cfg)
    assert cfg.train_dataloader.dataset.dataset.data_root == 'photos'
    assert 'data_root' not in cfg.train_dataloader.dataset
    first, second = cfg.val_dataloader.dataset.datasets
    assert (first.data_root, second.data_root) == ('photos', 'own')


def test_what_is_there_passes(tmp_path: Path) -> None:
    root = str(write_images(tmp_path))
    check_folders(config(folder(data_root=root)), ('train_dataloader',))


def test_missing_folder_names_the_key_and_the_nearest(tmp_path: Path) -> None:
    root = str(write_images(tmp_path))
    with pytest.raises(DataError, match='does not exist') as error:
        check_folders(config(folder('trian', data_root=root)), ('train_dataloader',))
    assert 'train_dataloader.dataset.data_prefix' in str(error.value)
    assert f"Did you mean '{root}/train'" in str(error.value)


def test_missing_list(tmp_path: Path) -> None:
    clips = {'type': 'X', 'data_root': str(tmp_path), 'ann_file': 'train.txt'}
    clips.update(type='CustomDataset')
    with pytest.raises(DataError, match='ann_file'):
        check_folders(config(clips), ('train_dataloader',))


def test_missing_validation_data_says_how_to_do_without(tmp_path: Path) -> None:
    root = str(write_images(tmp_path))
    cfg = config(folder(data_root=root), folder('dev', data_root=root))
    check_folders(cfg, ('train_dataloader',))
    with pytest.raises(DataError, match='holdout=0.2.*--no-validate'):
        check_folders(cfg, ('train_dataloader', 'val_dataloader'))


def test_no_data_named() -> None:
    with pytest.raises(DataError, match='data_root is None'):
        check_folders(config(folder(), data_root=None), ('train_dataloader',))


def test_what_downloads_itself_or_is_remote_is_left_alone() -> None:
    cifar = {'type': 'CIFAR100', 'data_root': '/nowhere/cifar'}
    remote = folder(data_root='s3://bucket/photos')
    check_folders(config(cifar, remote), ('train_dataloader', 'val_dataloader'))
    off = {**cifar, 'download': False}
    with pytest.raises(DataError, match='/nowhere/cifar'):
        check_folders(config(off), ('train_dataloader',))


def test_unknown_dataset() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'CustomDataset'"):
        check_folders(config({'type': 'CustomDatset'}), ('train_dataloader',))
