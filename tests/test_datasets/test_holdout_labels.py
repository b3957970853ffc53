"""The held-out part of samples with several labels."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mmadapt.datasets.holdout_labels import split_by_labels
from mmadapt.errors import ConfigError, DataError


def counted(labels: list[list[int]], indices: list[int]) -> Counter[int]:
    return Counter(label for index in indices for label in labels[index])


def test_every_class_gives_about_its_share() -> None:
    generator = np.random.default_rng(0)
    chance = 0.5 ** np.arange(1, 7)  # from half of the samples to a 64th
    labels = [
        np.flatnonzero(generator.random(6) < chance).tolist() for _ in range(1000)
    ]
    rest, held = split_by_labels(labels, 0.2)
    assert sorted(rest + held) == list(range(1000))
    whole, part = counted(labels, range(1000)), counted(labels, held)
    for label, count in whole.items():
        assert abs(part[label] - 0.2 * count) <= max(0.03 * count, 1)
    plain = sum(not labels[index] for index in held)
    assert plain == round(0.2 * sum(not own for own in labels))


def test_same_seed_same_part() -> None:
    labels = [[i % 3, 3 + i % 2] for i in range(60)]
    assert split_by_labels(labels, 0.3) == split_by_labels(labels, 0.3)
    assert split_by_labels(labels, 0.3) != split_by_labels(labels, 0.3, seed=1)


@pytest.mark.parametrize('seed', range(20))
def test_every_class_keeps_a_sample_to_train_on(seed: int) -> None:
    # Class 4 stands beside each of the rare ones, which all hold one of two out.
    labels = [[0, 4], [0], [1, 4], [1], [2, 4], [2], [3, 4], [3]]
    rest, held = split_by_labels(labels, 0.5, seed)
    assert {*counted(labels, rest)} == {0, 1, 2, 3, 4}
    assert held


def test_refused() -> None:
    with pytest.raises(DataError, match='class 1 has one training sample'):
        split_by_labels([[0, 1], [0]], 0.5)
    with pytest.raises(ConfigError, match='between 0 and 1'):
        split_by_labels([[0], [0]], 1.0)
