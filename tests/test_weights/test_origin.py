"""Errors about a task file say which one."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.runner import load_checkpoint
from torch import nn

from mmadapt.errors import TaskFileError
from mmadapt.weights.origin import remember_origin, task_file
from mmadapt.weights.reading import read_checkpoint
from tests.test_weights.test_stamp import build, task_of, trained

Change = Callable[[dict[str, Any]], Any]
STAMP = 'backbone.task_stamp.stamp'
CHANGES: dict[str, Change] = {
    'no stamp': lambda state: state.pop(STAMP),
    'a broken stamp': lambda state: state.update({STAMP: state[STAMP][:-9]}),
    'a weight too many': lambda state: state.update({'more': torch.ones(1)}),
    'another trunk': lambda state: state.update(
        {STAMP: torch.tensor(list(other_trunk(state[STAMP])), dtype=torch.uint8)}
    ),
}


def other_trunk(stamp: torch.Tensor) -> bytes:
    """A stamp whose fingerprint begins with another letter."""
    text = bytes(stamp.tolist())
    place = text.index(b'"fingerprint":"') + len(b'"fingerprint":"')
    letter = b'0' if text[place : place + 1] != b'0' else b'1'
    return text[:place] + letter + text[place + 1 :]


def load_plainly(model: nn.Module, file: str) -> None:
    """As torch does."""
    model.load_state_dict(read_checkpoint(file)['state_dict'])


# torch shows a stamp its own part of the file alone, and compares the rest itself.
@pytest.mark.parametrize(
    ('load', 'change'),
    [
        *((load_checkpoint, change) for change in CHANGES),
        (load_plainly, 'a broken stamp'),
        (load_plainly, 'another trunk'),
    ],
)
def test_what_does_not_fit_is_named(load: Any, change: str, tmp_path: Path) -> None:
    state = task_of(trained())
    CHANGES[change](state)
    file = tmp_path / 'my task.pth'
    torch.save({'state_dict': state, 'meta': {}}, file)
    with pytest.raises(TaskFileError, match=r"task file '[^']*my task\.pth'"):
        load(build(), str(file))


def test_tensors_of_two_files_are_of_none() -> None:
    first, second, other = torch.ones(1), torch.ones(1), torch.ones(1)
    remember_origin({'state_dict': {'a': first, 'b': [1]}}, 'first.pth')
    remember_origin({'c': second}, 'second.pth')
    assert task_file([first, other, 'text']) == "task file 'first.pth'"
    assert task_file([first, second]) == task_file([other]) == 'task file'


def test_the_name_ends_with_the_tensor() -> None:
    for number in range(100):
        remember_origin(torch.ones(1), f'{number}.pth')
        gc.collect(0)
        assert task_file([torch.ones(1)]) == 'task file'
