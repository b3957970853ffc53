"""SVHN from an imitation of the published files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmpretrain.registry import DATASETS
from scipy.io import savemat

from mmadapt.errors import ConfigError, DataError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    images = np.zeros((32, 32, 3, 4), np.uint8)
    images[..., 0, :] = 200  # red
    labels = np.array([[10], [1], [9], [10]], np.uint8)
    savemat(tmp_path / 'train_32x32.mat', {'X': images, 'y': labels})
    savemat(tmp_path / 'test_32x32.mat', {'X': images[..., :2], 'y': labels[:2]})
    return tmp_path


def build(root: Path, split: str = 'train') -> object:
    config = {'type': 'SVHN', 'data_root': str(root), 'split': split}
    return DATASETS.build(config)


def test_labels_are_digits_and_images_rgb(root: Path) -> None:
    dataset = build(root)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    assert [info['gt_label'] for info in infos] == [0, 1, 9, 0]
    assert infos[0]['img'].shape == (32, 32, 3)
    assert infos[0]['img'][0, 0].tolist() == [200, 0, 0]
    assert dataset.metainfo['classes'][3] == '3'
    assert len(build(root, 'test')) == 2


def test_a_missing_file_says_where_it_comes_from(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='housenumbers'):
        build(tmp_path)


def test_another_file_is_refused(root: Path) -> None:
    (root / 'train_32x32.mat').write_bytes(b'not a mat file at all')
    with pytest.raises(DataError, match='not a file of SVHN'):
        build(root)


def test_an_odd_shape_is_refused(root: Path) -> None:
    savemat(root / 'train_32x32.mat', {'X': np.zeros((8, 8, 3, 2)), 'y': [[1], [2]]})
    with pytest.raises(DataError, match=r'expected \(32, 32, 3, N\)'):
        build(root)


def test_another_split_is_refused(root: Path) -> None:
    with pytest.raises(ConfigError, match="split='extra'"):
        build(root, 'extra')


@pytest.mark.parametrize('label', [0, 11, 255])
def test_a_label_that_is_no_digit_is_refused(root: Path, label: int) -> None:
    images = np.zeros((32, 32, 3, 3), np.uint8)
    labels = np.array([[10], [1], [label]], np.uint8)
    savemat(root / 'train_32x32.mat', {'X': images, 'y': labels})
    with pytest.raises(DataError, match=f'image 3 has the label {label}; .* 10 for'):
        build(root)
