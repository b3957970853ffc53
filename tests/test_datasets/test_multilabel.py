"""MultiLabelList: the same classes in every part of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmengine.registry import DefaultScope
from mmpretrain.registry import DATASETS

from mmadapt.config.classes import find_classes
from mmadapt.datasets import StratifiedPart
from mmadapt.errors import DataError
from tests.test_configs.imitations import photo


def write(root: Path, **lists: str) -> Path:
    """Lists of a data folder, and a photo for each name in them."""
    for part, text in lists.items():
        (root / f'{part}.txt').write_text(text)
        for line in text.splitlines():
            photo(root / line.split()[0])
    return root


def build(root: Path, part: str = 'train', **options: Any) -> Any:
    config = {'type': 'MultiLabelList', 'data_root': str(root), 'part': part}
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return DATASETS.build({**config, **options})


def labels(dataset: Any) -> list[list[int]]:
    return [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]


def test_classes_are_the_sorted_labels_of_the_training_list(tmp_path: Path) -> None:
    root = write(tmp_path, train='a.jpg sea,air\nb.jpg sea\n', val='c.jpg sea\n')
    train, val = build(root), build(root, 'val', test_mode=True)
    assert train.metainfo['classes'] == val.metainfo['classes'] == ('air', 'sea')
    assert labels(train) == [[0, 1], [1]]
    assert labels(val) == [[1]]
    assert train.get_cat_ids(0) == [0, 1]
    assert train.get_data_info(1)['gt_score'].tolist() == [0, 1]


def test_numbers_are_names_unless_classes_are_named(tmp_path: Path) -> None:
    root = write(tmp_path, train='a.jpg 10\nb.jpg 2,10\n')
    assert build(root).metainfo['classes'] == ('2', '10')
    (root / 'train.txt').write_text('a.jpg 1\nb.jpg sea,1\n')
    (root / 'classes.txt').write_text('sea\nair\n')
    assert labels(build(root)) == [[1], [0, 1]]


def test_a_photo_without_a_label_is_a_sample(tmp_path: Path) -> None:
    root = write(tmp_path, train='a.jpg sea\nb.jpg -\n')
    steps = [{'type': 'LoadImageFromFile'}, {'type': 'PackInputs'}]
    sample = build(root, pipeline=steps)[1]['data_samples']
    assert sample.gt_label.tolist() == []
    assert sample.gt_score.tolist() == [0]


@pytest.mark.parametrize(
    ('lists', 'part', 'error'),
    [
        (
            {'train': 'a.jpg sea\n', 'val': 'b.jpg see\n'},
            'val',
            r"val\.txt, line 1: 'see' is none of the 1 classes.*Did you mean 'sea'",
        ),
        ({'val': 'b.jpg sea\n'}, 'val', r'classes\.txt names them: no list .*train'),
        ({'train': 'a.jpg -\n'}, 'train', 'no label at all'),
    ],
)
def test_refused(tmp_path: Path, lists: dict[str, str], part: str, error: str) -> None:
    with pytest.raises(DataError, match=error):
        build(write(tmp_path, **lists), part, test_mode=True)


def test_missing_and_broken_photos_are_named(tmp_path: Path) -> None:
    root = write(tmp_path, train='a.jpg sea\nb.jpg sea\n')
    (root / 'a.jpg').write_bytes(b'no photo')
    steps = [{'type': 'LoadImageFromFile'}]
    dataset = build(root, pipeline=steps, test_mode=True)
    with pytest.raises(DataError, match=r"photo '.*a\.jpg' can not be read"):
        dataset[0]
    (root / 'b.jpg').unlink()
    with pytest.raises(DataError, match=r"line 2: 'b\.jpg' is not there"):
        build(root)


def test_a_class_without_a_photo(tmp_path: Path) -> None:
    root = write(tmp_path, train='a.jpg sea\n')
    (root / 'classes.txt').write_text('sea\nair\n')
    with pytest.raises(DataError, match="no photo of 'air'"):
        build(root)
    assert len(build(root, test_mode=True)) == 1
    with pytest.raises(DataError, match='2 classes, num_classes=3'):
        build(root, test_mode=True, num_classes=3)


def test_holdout(tmp_path: Path) -> None:
    lines = [f'{i}.jpg {"sea,air" if i % 2 else "sea"}\n' for i in range(10)]
    root = write(tmp_path, train=''.join(lines))
    plain = {'type': 'mmpretrain.MultiLabelList', 'data_root': str(root)}
    held, rest = (StratifiedPart(plain, 0.4, part) for part in ('held_out', 'rest'))
    assert (len(held), len(rest)) == (4, 6)
    assert sorted(map(len, labels(held))) == [1, 1, 2, 2]
    assert held.metainfo['classes'] == ('air', 'sea')


def test_classes_are_found_by_the_config(tmp_path: Path) -> None:
    root = write(tmp_path, train='a.jpg sea,air\nb.jpg -\n')
    leaf = {'type': 'MultiLabelList', 'data_root': str(root), 'part': 'train'}
    cfg = {'default_scope': 'mmpretrain', 'train_dataloader': {'dataset': leaf}}
    assert find_classes(cfg, 'train') == ['air', 'sea']
