"""Which blocks `layers` means, and what it says when it means none."""

from __future__ import annotations

from typing import Any

import pytest

from mmadapt.errors import ConfigError
from mmadapt.layers import find_stages, select_layers

SWIN = [0, 0, 1, 1, 2, 2, 2, 2, 3, 3]


def test_a_stage_is_a_run_of_one_width() -> None:
    assert find_stages([]) == []
    assert find_stages([768] * 3) == [0, 0, 0]
    assert find_stages([96, 96, 192, 384, 384]) == [0, 0, 1, 2, 2]
    assert find_stages([24, 384, 24]) == [0, 1, 2]  # inner and outer blocks of TNT


@pytest.mark.parametrize(
    ('layers', 'chosen'),
    [
        ('all', list(range(10))),
        ([0], [0]),
        ([-1, 0, 3], [0, 3, 9]),
        ((2, 1), [1, 2]),
        ({'stages': [0]}, [0, 1]),
        ({'stages': [-1, 1]}, [2, 3, 8, 9]),
        ({'first': 3}, [0, 1, 2]),
        ({'last': 3}, [7, 8, 9]),
        ({'every': 3}, [0, 3, 6, 9]),
        ({'stages': [2], 'last': 2}, [6, 7]),
        ({'last': 6, 'every': 2}, [4, 6, 8]),
        ({'every': 2, 'first': 4}, [0, 2]),  # first the first, then every other
        ({'stages': [2], 'first': 3, 'last': 2, 'every': 2}, [5]),
        ({'every': 10}, [0]),
    ],
)
def test_what_is_chosen(layers: Any, chosen: list[int]) -> None:
    assert select_layers(layers, SWIN, 'Swin') == chosen


@pytest.mark.parametrize(
    ('layers', 'message'),
    [
        ('some', r"layers='some': 'all', a list of indices of .* blocks \(0-9\)"),
        ([], r'layers=\[\]'),
        ([1.0], r'layers=\[1.0\]'),
        ([True], r'layers=\[True\]'),
        (3, 'layers=3'),
        (None, 'use adapter=None'),
        ([0, 10], r'layers \[10\] is out of range: Swin has 10 .* \(0-9\)'),
        ([-11], r'layers \[-11\] is out of range'),
        ([0, -10], 'names one of the adaptable blocks twice'),
        ({}, 'layers={} names no block'),
        ({'stage': [0]}, r"unknown part 'stage'.*Did you mean 'stages'"),
        ({'stages': [4]}, r'stages \[4\] is out of range: Swin has 4 stages \(0-3\)'),
        ({'stages': 0}, 'stages=0'),
        ({'stages': 'all'}, r"stages='all': a list of indices of stages \(0-3\)"),
        ({'stages': []}, r'stages=\[\]'),
        ({'stages': [0, -4]}, 'names one of the stages twice'),
        ({'first': 0}, r'first=0 is to be a whole number from 1 to 10'),
        ({'last': 11}, r'last=11 .* from 1 to 10'),
        ({'stages': [0], 'last': 3}, r'last=3 .* from 1 to 2'),
        ({'every': 1.5}, 'every=1.5'),
        ({'every': True}, 'every=True'),
    ],
)
def test_what_is_refused(layers: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        select_layers(layers, SWIN, 'Swin')


def test_one_block_alone() -> None:
    with pytest.raises(ConfigError, match=r'\(only 0\)'):
        select_layers([1], [0], 'Tiny')


def test_what_a_base_left_of_a_replacement_is_no_part() -> None:
    assert select_layers({'_delete_': True, 'last': 1}, [0, 0, 1], 'ViT') == [2]
