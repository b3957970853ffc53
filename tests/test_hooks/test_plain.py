"""Checkpoint contents load with weights_only=True, and log buffers come back."""

from __future__ import annotations

from collections import OrderedDict
from enum import IntEnum
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from mmadapt.hooks.plain import plain_parts, rebuilt, to_plain


class Answer(IntEnum):
    YES = 1


def saved(value: object, tmp_path: Path) -> object:
    torch.save(to_plain(value), tmp_path / 'file.pth')
    return torch.load(tmp_path / 'file.pth', weights_only=True)


def test_numbers_arrays_and_paths(tmp_path: Path) -> None:
    value = OrderedDict(
        a=np.float64(1.5),
        b=[np.int64(2), (np.bool_(True), None)],
        c=Path('x') / 'y',
        d=np.arange(3),
        e={'f': 'text', 'g': 1 + 2j},
    )
    loaded = saved(value, tmp_path)
    assert torch.equal(loaded.pop('d'), torch.arange(3))
    assert loaded == {
        'a': 1.5,
        'b': [2, (True, None)],
        'c': 'x/y',
        'e': {'f': 'text', 'g': 1 + 2j},
    }


def test_log_buffers_come_back_whole(tmp_path: Path) -> None:
    buffer = HistoryBuffer([1.0, 2.5], [1, 4], max_length=7)
    loaded = rebuilt(saved({'log_scalars': {'loss': buffer}}, tmp_path))
    again = loaded['log_scalars']['loss']
    assert isinstance(again, HistoryBuffer)
    assert again.max_length == 7
    for ours, theirs in zip(again.data, buffer.data):
        assert np.array_equal(ours, theirs)
    again.update(3.0)
    assert again.current() == 3.0


def test_objects_are_refused_with_their_type() -> None:
    with pytest.raises(TypeError, match='object is neither a tensor'):
        to_plain({'a': [object()]})


def test_subclasses_of_plain_kinds_are_objects() -> None:
    """An enumeration is an int, and needs unpickling all the same."""
    with pytest.raises(TypeError, match='Answer is neither'):
        to_plain({'a': Answer.YES})


def test_parts_that_need_unpickling_go_and_are_named(tmp_path: Path) -> None:
    checkpoint = {
        'meta': {'epoch': 2, 'seen': {1, 2}},
        'param_schedulers': [{'last_step': 3, 'rule': len}, {'last_step': 4}],
        'extra': [1, object()],
        'object': object(),
    }
    named: list[str] = []
    plain = plain_parts(checkpoint, lambda name, reason: named.append(name))
    expected = {
        'meta': {'epoch': 2},
        'param_schedulers': [{'last_step': 3}, {'last_step': 4}],
    }
    assert plain == expected
    assert saved(plain, tmp_path) == expected
    assert named == ['meta.seen', 'param_schedulers[0].rule', 'extra', 'object']
