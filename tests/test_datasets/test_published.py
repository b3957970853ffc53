"""CIFAR-100 and Food-101 from imitations of the published files."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from mmpretrain.registry import DATASETS

from mmadapt.datasets.published import LocalCIFAR100
from mmadapt.errors import DataError


@pytest.fixture
def cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two images of one colour each, with checksums of their own."""
    folder = tmp_path / 'cifar-100-python'
    folder.mkdir()
    for part, labels in (('train', [7, 99]), ('test', [3])):
        images = np.zeros((len(labels), 3072), np.uint8)
        images[:, :1024] = 200  # the red plane comes first
        content = pickle.dumps({'data': images, 'fine_labels': labels})
        (folder / part).write_bytes(content)
        checked = [[part, hashlib.md5(content).hexdigest()]]
        monkeypatch.setattr(LocalCIFAR100, f'{part}_list', checked)
    return tmp_path


def build(kind: str, root: Path, split: str = 'train') -> object:
    return DATASETS.build({'type': kind, 'data_root': str(root), 'split': split})


def test_cifar(cifar: Path) -> None:
    dataset = build('LocalCIFAR100', cifar)
    assert [dataset.get_data_info(i)['gt_label'] for i in range(2)] == [7, 99]
    assert dataset.get_data_info(0)['img'][5, 6].tolist() == [200, 0, 0]
    assert dataset.metainfo['classes'][99] == 'worm'
    assert len(build('LocalCIFAR100', cifar, 'test')) == 1


def test_cifar_is_never_downloaded(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='no file .*cifar-100-python/train.*data_root'):
        build('LocalCIFAR100', tmp_path)
    assert not list(tmp_path.iterdir())


def test_other_bytes_than_the_published_ones_are_refused(cifar: Path) -> None:
    (cifar / 'cifar-100-python' / 'test').write_bytes(b'cut off')
    with pytest.raises(DataError, match='a checksum differs'):
        build('LocalCIFAR100', cifar)


def test_food(tmp_path: Path) -> None:
    (tmp_path / 'meta').mkdir()
    (tmp_path / 'meta' / 'train.txt').write_text('waffles/1\napple_pie/22\n')
    with pytest.raises(DataError, match=r'no file .*images/waffles/1\.jpg'):
        build('LocalFood101', tmp_path)
    (tmp_path / 'images' / 'waffles').mkdir(parents=True)
    (tmp_path / 'images' / 'waffles' / '1.jpg').write_text('')
    dataset = build('LocalFood101', tmp_path)
    infos = [dataset.get_data_info(i) for i in range(2)]
    assert [info['gt_label'] for info in infos] == [100, 0]
    assert infos[0]['img_path'] == str(tmp_path / 'images' / 'waffles' / '1.jpg')
    with pytest.raises(DataError, match=r'no file .*meta/test\.txt'):
        build('LocalFood101', tmp_path, 'test')


def test_food_classes_are_sorted_as_in_the_official_code() -> None:
    names = DATASETS.get('LocalFood101').METAINFO['classes']
    assert list(names) == sorted(names)
    assert len(names) == 101
