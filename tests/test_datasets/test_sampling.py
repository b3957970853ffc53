"""Which frames are read, against the rules of the official code."""

from __future__ import annotations

import numpy as np
import pytest

from mmadapt.datasets.sampling import clip_indices, clip_start, view_indices

TOTALS = [1, 2, 5, 8, 9, 28, 29, 30, 31, 32, 33, 47, 100, 301]


def official_clip(total: int, start: int) -> list[int]:
    """Counted from 1 as there: the offset goes on while offset + 4 < duration."""
    read, offset = [], start + 1
    for _ in range(8):
        read.append(offset - 1)
        if offset + 4 < total:
            offset += 4
    return read


def official_view(total: int, view: int) -> list[int]:
    """The strided list, filled up to 8, and 4 windows of 8 in it."""
    listed = list(range(0, total, 4))
    while len(listed) < 8:
        listed.append(listed[-1])
    start = int(view * max((len(listed) - 8) / 3, 0))
    return listed[start : start + 8]


@pytest.mark.parametrize('total', TOTALS)
def test_training_clips_are_the_official_ones(total: int) -> None:
    """The start is drawn from [0, N - 31), and is 0 for shorter videos."""
    starts = {
        clip_start(total, 8, 4, random=True) for _ in range(20 * max(total - 31, 1))
    }
    assert starts <= set(range(max(total - 31, 1)))
    assert {0, max(total - 32, 0)} <= starts or total > 300
    for start in starts:
        indices = clip_indices(start, total, 8, 4).tolist()
        assert indices == official_clip(total, start)
        assert min(indices) >= 0 and max(indices) < total


@pytest.mark.parametrize('total', TOTALS)
def test_test_views_are_the_official_ones(total: int) -> None:
    views = view_indices(total, 8, 4, 4).tolist()
    assert views == [official_view(total, view) for view in range(4)]


def test_the_middle_clip_leaves_as_much_on_both_sides() -> None:
    assert clip_start(100, 8, 4, random=False) == (100 - 32) // 2
    assert clip_start(20, 8, 4, random=False) == 0


def test_numpy_draws_the_start() -> None:
    np.random.seed(3)
    first = [clip_start(500, 8, 4, random=True) for _ in range(5)]
    np.random.seed(3)
    assert first == [clip_start(500, 8, 4, random=True) for _ in range(5)]
    assert len(set(first)) > 1
