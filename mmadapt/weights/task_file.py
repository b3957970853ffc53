"""Which tensors make up a task file, and whether a file fits a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import TaskFileError
from ..sharding import dealt
from .differences import shortened
from .origin import task_file
from .stamp import find_stamps
from .values import not_finite, not_plain, stored_as

__all__ = ['check_task_state', 'task_keys', 'task_state']

STAMP = 'task_stamp.stamp'


def task_keys(model: nn.Module) -> set[str]:
    """Names in the model's state dict that training changes, and the stamps.

    Everything outside the adapted backbones (head and neck with their buffers) is
    kept; inside one, what its stamp calls trained.

    Args:
        model: A model with adapted backbones; without any, every name is kept.
    """
    keys = {name for name in model.state_dict() if isinstance(name, str)}
    for backbone, stamp in find_stamps(model).items():
        lead = f'{backbone}.' if backbone else ''
        trained = {f'{lead}{name}' for name in stamp.content['trained']}
        inside = {key for key in keys if key.startswith(lead)}
        keys -= inside - trained - {f'{lead}{STAMP}'}
    return keys


def task_state(model: nn.Module, state_dict: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a state dict that a task file holds.

    Args:
        model: The model that the state dict is of.
        state_dict: Its state dict, or one of the same names.
    """
    keys = task_keys(model)
    return {name: value for name, value in state_dict.items() if name in keys}


def check_task_state(model: nn.Module, state_dict: Mapping[str, Any]) -> None:
    """Refuse a state dict that isn't exactly the model's task; nothing is touched.

    Args:
        model: A model with adapted backbones; others are not checked.
        state_dict: What is about to be loaded.

    Raises:
        TaskFileError: Another trunk or adapter, weights that are absent, of another
            shape (such as a head for another number of classes), not the model's, or
            not finite.
    """
    stamps = find_stamps(model)
    if not stamps:
        return
    for backbone, stamp in stamps.items():
        key = f'{backbone}.{STAMP}' if backbone else STAMP
        where = backbone or type(model).__name__
        stamp.check(state_dict, key, where)
    keys, own = task_keys(model), model.state_dict()
    expected = {name: tensor for name, tensor in own.items() if name in keys}
    given = {name: state_dict.get(name) for name in own}
    odd = not_plain(given.items())
    rows = listed('has that are no plain numbers', odd) or [
        *listed('lacks', without_counters(expected.keys() - state_dict.keys())),
        *listed('has, and the model has not', state_dict.keys() - own.keys()),
        *shape_differences(expected, state_dict),
        *listed(
            'has with infinite values or NaN',
            not_finite(
                (n, stored_as(state_dict.get(n), t)) for n, t in expected.items()
            ),
        ),
        *listed(
            'has of another trunk',
            foreign(own, state_dict, (name for name in own if name not in keys)),
        ),
    ]
    if rows:
        text = '\n'.join(f'  {row}' for row in rows)
        file = task_file(state_dict.values())
        raise TaskFileError(
            f'the {file} does not fit {type(model).__name__}:\n{text}\nUse the config '
            'it was trained with; a head for another number of classes is another task.'
        )


def foreign(
    own: Mapping[str, Any], state_dict: Mapping[str, Any], frozen: Iterable[str]
) -> list[str]:
    """Frozen names that a file has too, with other values.

    Args:
        own: The model's tensors.
        state_dict: Those of the file.
        frozen: In the same order in all processes: those of a sharded model compare
            their parts together, one tensor after another.
    """
    return [n for n in frozen if n in state_dict and differs(own[n], state_dict[n])]


def differs(own: object, given: object) -> bool:
    """Whether a frozen tensor of a file isn't that of the model."""
    if not isinstance(own, Tensor):
        return False
    if not isinstance(given, Tensor) or given.shape != own.shape:
        return True
    # Of dealt-out tensors all processes learn whether any part differs.
    return not torch.equal(dealt(given, own), own)


def without_counters(names: Iterable[str]) -> list[str]:
    """Names without BatchNorm's batch counters, which old files lack."""
    return [n for n in names if n.rpartition('.')[2] != 'num_batches_tracked']


def listed(verb: str, names: Iterable[str]) -> list[str]:
    """One row naming what the file lacks or has too much, or none."""
    found = sorted(names)
    return [f'weights that the file {verb}: {shortened(found)}'] if found else []


def shape_differences(
    expected: Mapping[str, Any], state_dict: Mapping[str, Any]
) -> list[str]:
    """One row for each tensor of another shape or kind; stamps are compared apart."""
    rows = []
    for name, tensor in expected.items():
        given = state_dict.get(name)
        if name not in state_dict or name.rpartition('.')[2] == 'stamp':
            continue
        if isinstance(tensor, Tensor) and not isinstance(given, Tensor):
            rows.append(f'{name}: the file has a {type(given).__name__}, no tensor')
        elif isinstance(tensor, Tensor) and given.shape != tensor.shape:  # type: ignore[union-attr]
            rows.append(
                f'{name}: the file has {tuple(given.shape)}, '  # type: ignore[union-attr]
                f'the model {tuple(tensor.shape)}'
            )
        elif isinstance(tensor, Tensor) and is_float(tensor) != is_float(given):
            rows.append(
                f'{name}: the file has {given.dtype}, '  # type: ignore[union-attr]
                f'the model {tensor.dtype}'
            )
    return rows


def is_float(tensor: Any) -> bool:
    """Whether a tensor holds floating point numbers, of whatever width."""
    return bool(tensor.is_floating_point())
