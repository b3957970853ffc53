"""The held-out part of a training set."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mmadapt.datasets import StratifiedPart, split_by_class
from mmadapt.errors import ConfigError, DataError
from tests.tasks import write_images


def test_every_class_gives_its_share() -> None:
    labels = [0] * 10 + [1] * 5 + [2] * 20
    rest, held = split_by_class(labels, 0.2)
    assert sorted(rest + held) == list(range(35))
    assert Counter(labels[i] for i in held) == {0: 2, 1: 1, 2: 4}


def test_small_classes_keep_one_on_each_side() -> None:
    rest, held = split_by_class([0, 0, 1, 1], 0.1)
    assert len(rest) == len(held) == 2
    rest, held = split_by_class([0, 0, 1, 1], 0.9)
    assert len(rest) == len(held) == 2


def test_same_seed_same_part() -> None:
    labels = [0, 1] * 50
    assert split_by_class(labels, 0.3) == split_by_class(labels, 0.3)
    assert split_by_class(labels, 0.3) != split_by_class(labels, 0.3, seed=1)


@pytest.mark.parametrize('fraction', [0, 1, -0.1])
def test_fraction_out_of_range(fraction: float) -> None:
    with pytest.raises(ConfigError, match='between 0 and 1'):
        split_by_class([0, 0], fraction)


def test_a_class_of_one() -> None:
    with pytest.raises(DataError, match='class 1 has one training sample'):
        split_by_class([0, 0, 1], 0.5)


def test_several_labels_a_sample() -> None:
    with pytest.raises(ConfigError, match='one whole number a sample'):
        split_by_class([[0, 1], [1]], 0.5)


def test_built_parts_are_the_dataset_itself_and_complete_each_other(
    tmp_path: Path,
) -> None:
    from mmpretrain.datasets import CustomDataset

    root = write_images(tmp_path)
    plain = {
        'type': 'mmpretrain.CustomDataset',
        'data_root': str(root),
        'data_prefix': 'train',
    }
    parts = [StratifiedPart(plain, 0.5, part) for part in ('rest', 'held_out')]
    assert all(type(part) is CustomDataset for part in parts)
    assert parts[0].metainfo['classes'] == ('blue', 'red')
    files = [
        {part.get_data_info(i)['img_path'] for i in range(len(part))} for part in parts
    ]
    assert len(files[0]) == len(files[1]) == 6
    assert len(files[0] | files[1]) == 12
    with pytest.raises(ConfigError, match='held_out'):
        StratifiedPart(plain, 0.5, 'other')
