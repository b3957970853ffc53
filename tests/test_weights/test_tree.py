"""Tensors and plain Python survive JSON, in kind and in every bit."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from mmadapt.weights.tree import from_json, to_json

VALUES = [
    {'a': [1, 2.5, None, True, 'ü'], 'b': {}},
    {1: 'x', (2, 'y'): 3, None: 4, '$dict': 5, 2.5: 6},
    (1, (2, [3]), b'\x00\xff'),
    [1e-320, -0.0, 0.1 + 0.2, math.inf, -math.inf, complex(1, -math.inf)],
    [torch.float16, torch.device('cpu'), torch.Size([2, 3])],
]


def there_and_back(value: Any) -> Any:
    tensors: dict[str, Tensor] = {}

    def keep(tensor: Tensor, place: str) -> str:
        tensors[place] = tensor
        return place

    text = json.dumps(to_json(value, keep), allow_nan=False)
    return from_json(json.loads(text), tensors)


@pytest.mark.parametrize('value', VALUES)
def test_it_comes_back(value: Any) -> None:
    assert repr(there_and_back(value)) == repr(value)


def test_tensors_come_back_by_their_place() -> None:
    value = {'o': [{'state': {0: {'m': torch.tensor([math.nan, 1.0])}}}]}
    back = there_and_back(value)
    assert back['o'][0]['state'][0]['m'] is value['o'][0]['state'][0]['m']


def test_other_objects_are_refused_with_their_place() -> None:
    with pytest.raises(TypeError, match=r'a\.1 is a set'):
        there_and_back({'a': [0, {1}]})


@pytest.mark.parametrize(
    'broken',
    [
        {'$eval': '1'},
        {'$float': 'x'},
        {'$dtype': 'load'},
        {'$bytes': 3},
        {'$size': 'x'},
        {'$float': '1', 'b': 2},
        {'$dict': [[1]]},
        {'$complex': [1, 2, 3]},
        {'$device': 'moon'},
    ],
)
def test_marks_that_are_not_ours_are_refused(broken: Any) -> None:
    with pytest.raises(ValueError, match=r'mark|can not be|not enough'):
        from_json(broken, {})
