"""Tensors and plain Python as JSON beside named tensors, and back, bit by bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

__all__ = ['from_json', 'to_json']

MARK = '$'
"""First letter of the keys that stand for what JSON has no word for."""


def to_json(value: Any, keep: Callable[[Tensor, str], str], name: str = '') -> Any:
    """What JSON can hold, each tensor replaced by a name.

    Args:
        value: Tensors, numbers, text, bytes, dicts, lists and tuples at any depth.
        keep: Called with each tensor and its place; it returns the name to write.
        name: The place of the value, parts with dots between them.

    Raises:
        TypeError: Anything else, with its place.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {'$float': repr(value)}
    if isinstance(value, Tensor):
        return {'$tensor': keep(value, name)}
    if isinstance(value, Mapping):
        below = {k: to_json(v, keep, join(name, k)) for k, v in value.items()}
        if all(type(k) is str and not k.startswith(MARK) for k in below):
            return below
        return {'$dict': [[to_json(k, keep), v] for k, v in below.items()]}
    if isinstance(value, torch.Size):
        return {'$size': list(value)}
    if isinstance(value, (list, tuple)):
        items = [to_json(v, keep, join(name, i)) for i, v in enumerate(value)]
        return items if isinstance(value, list) else {'$tuple': items}
    if type(value) is bytes:
        return {'$bytes': value.hex()}
    if type(value) is complex:
        return {'$complex': [to_json(part, keep) for part in (value.real, value.imag)]}
    if isinstance(value, torch.device):
        return {'$device': str(value)}
    if isinstance(value, torch.dtype):
        return {'$dtype': str(value).removeprefix('torch.')}
    raise TypeError(f'{name} is a {type(value).__name__}')


def from_json(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The inverse of :func:`to_json`.

    Args:
        value: What a JSON document holds.
        tensors: The tensors by the names that were written.

    Raises:
        ValueError: A mark that isn't one of ours, or with a content that isn't.
        KeyError: A tensor that isn't there.
    """
    if isinstance(value, list):
        return [from_json(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    marks = [key for key in value if key.startswith(MARK)]
    if not marks:
        return {key: from_json(item, tensors) for key, item in value.items()}
    if len(value) > 1 or marks[0] not in READERS:
        raise ValueError(f'unknown mark {marks[0]!r}')
    if marks[0] == '$tensor':
        return tensors[value['$tensor']]
    content = value[marks[0]]
    if marks[0] == '$dict':
        pairs = [from_json(pair, tensors) for pair in content]
        return {key: item for key, item in pairs}  # noqa: C416 - pairs of two alone
    try:
        return READERS[marks[0]](from_json(content, tensors))
    except (TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise ValueError(f'{marks[0]} can not be {content!r}') from error


def join(name: str, part: object) -> str:
    """A place one level deeper."""
    return f'{name}.{part}' if name else str(part)


def dtype(name: str) -> torch.dtype:
    """The dtype of that name, and nothing else of torch."""
    found = getattr(torch, name)
    if not isinstance(found, torch.dtype):
        raise TypeError(name)
    return found


READERS: dict[str, Callable[[Any], Any]] = {
    '$tensor': str,
    '$dict': dict,
    '$float': float,
    '$size': torch.Size,
    '$tuple': tuple,
    '$bytes': bytes.fromhex,
    '$complex': lambda parts: complex(*parts),
    '$device': torch.device,
    '$dtype': dtype,
}
