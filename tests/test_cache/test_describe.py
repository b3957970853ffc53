"""Values have the same text exactly where they are the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose

from mmadapt.cache.describe import describe

LONG = np.arange(5000)
"""Of which ``str`` shows the ends alone."""


class Transform:
    """A step of a pipeline.

    Args:
        option: Of whatever type.
    """

    def __init__(self, option: Any) -> None:
        self.option = option

    def __repr__(self) -> str:
        return f'Transform({self.option})'


def other(array: np.ndarray) -> np.ndarray:
    """The same but for one value in the middle."""
    changed = array.copy()
    changed[2500] += 1
    return changed


@pytest.mark.parametrize('kind', [np.array, torch.tensor], ids=['array', 'tensor'])
@pytest.mark.parametrize(
    'inside',
    [
        lambda value: value,
        lambda value: {'a': value},
        lambda value: [1, (value,)],
        lambda value: partial(print, value),
        lambda value: lambda: value,
    ],
    ids=['bare', 'dict', 'list', 'partial', 'closure'],
)
def test_all_bits_of_an_array_count_wherever_it_is(
    kind: Callable[[Any], Any], inside: Callable[[Any], Any]
) -> None:
    first = describe(inside(kind(LONG)))
    assert describe(inside(kind(LONG.copy()))) == first
    assert describe(inside(kind(other(LONG)))) != first
    assert ' at 0x' not in first


@pytest.mark.parametrize(
    ('one', 'another'),
    [
        (1, '1'),
        (1, True),
        ([1, 2], [12]),
        (['a', 'b'], ["a', 'b"]),
        ((1,), [1]),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros(2, np.int32), np.zeros(1, np.int64)),
        (np.float32(1), np.float64(1)),
        (np.array([{}, 1], object), np.array([{}, 2], object)),
        ({1, 2}, {1, 3}),
        (Transform(1), Transform(2)),
        (Transform, Compose),
    ],
    ids=repr,
)
def test_what_differs_has_another_text(one: Any, another: Any) -> None:
    assert describe(one) != describe(another)


def test_order_and_place_in_memory_do_not_count() -> None:
    assert describe({'a': 1, 'b': 2}) == describe({'b': 2, 'a': 1})
    generators = [Transform(np.random.default_rng(0)) for _ in range(2)]
    assert describe(generators[0]) == describe(generators[1])


def test_what_holds_itself_has_an_end_and_what_is_deep_is_short() -> None:
    inner: list[Any] = []
    inner.append(inner)
    assert len(describe(inner)) < 100
    deep: Any = 1
    for _ in range(50):
        deep = {'a': [deep]}
    assert len(describe(deep)) < 100


@pytest.mark.parametrize(
    'value',
    [
        eval('lambda x: x + 1', {}),
        np.array(None, object),
        torch.zeros(2).to_sparse(),
        torch.zeros(2, device='meta'),
    ],
    ids=['function without a module', 'object', 'sparse', 'meta'],
)
def test_odd_values_have_a_text_too(value: Any) -> None:
    assert describe(value) == describe(value)


def test_functions_without_a_file_count_by_what_they_do() -> None:
    one, other = (eval(f'lambda x: {text}', {}) for text in ('x + 1', 'x - 1'))
    assert describe(one) != describe(other)


def test_another_process_finds_the_same_text() -> None:
    program = (
        'from mmadapt.cache.describe import describe\n'
        'from mmengine.dataset import Compose\n'
        'from mmcv.transforms import LoadImageFromFile, Resize\n'
        "steps = [LoadImageFromFile(), Resize((3, 4)), {'a', 'b', 'c'}]\n"
        'steps[0].file_client = object()\n'
        'print(describe([vars(step) if step is steps[0] else step for step in steps]))'
    )
    texts = {
        subprocess.run(
            [sys.executable, '-c', program],
            env={**os.environ, 'PYTHONHASHSEED': seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ('1', '2')
    }
    assert len(texts) == 1


@pytest.mark.parametrize('inside', [str, Path, lambda path: [{'a': (str(path),)}]])
def test_a_file_that_is_written_again_is_another_one(
    tmp_path: Path, inside: Callable[[Path], Any]
) -> None:
    file = tmp_path / 'frames' / '1.jpg'
    file.parent.mkdir()
    file.write_bytes(b'one')
    for place in (file, file.parent):
        before = describe(inside(place))
        alone = describe(inside(place), folders=False)
        os.utime(file, ns=(0, file.stat().st_mtime_ns + 10**9))
        assert describe(inside(place)) != before, place
        changed = describe(inside(place), folders=False) != alone
        assert changed == (place == file)


@pytest.mark.parametrize('text', ['a label', '', 'x' * 5000, 'null\0byte', 3])
def test_what_is_no_file_is_itself(text: Any) -> None:
    assert describe(text) == repr(text)
