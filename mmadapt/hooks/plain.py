"""Checkpoint contents as tensors and plain Python, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

__all__ = ['plain_parts', 'rebuilt', 'to_plain']

BUFFER = 'mmengine.HistoryBuffer'
"""Key that marks a dict as a log buffer written out."""

KINDS = (bool, int, float, complex, str, bytes)
LEFT_OUT = object()


def to_plain(value: Any) -> Any:
    """What loads with ``weights_only=True``: tensors, numbers, text and containers.

    Args:
        value: Part of a checkpoint. Log buffers become dicts, arrays tensors, numpy
            numbers Python's.

    Raises:
        TypeError: An object that would need unpickling.
    """
    if isinstance(value, HistoryBuffer):
        log, count = value.data
        return {
            BUFFER: torch.from_numpy(np.asarray(log, dtype=np.float64)),
            'count': torch.from_numpy(np.asarray(count, dtype=np.int64)),
            'max_length': value.max_length,
        }
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {to_plain(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        plain = [to_plain(item) for item in value]
        return plain if isinstance(value, list) else tuple(plain)
    if value is None or type(value) in KINDS:
        return value
    if isinstance(value, torch.Tensor):
        return value.detach() if value.requires_grad else value
    if isinstance(value, (torch.dtype, torch.device, torch.Size)):
        return value
    raise TypeError(f'{type(value).__name__} is neither a tensor nor plain Python')


def plain_parts(
    checkpoint: Mapping[str, Any], refuse: Callable[[str, str], None]
) -> dict[str, Any]:
    """A checkpoint without what :func:`to_plain` refuses.

    Of a dict the entry goes; a list, whose positions mean something, goes whole
    unless the entries of its dicts can go in its place.

    Args:
        checkpoint: Names and contents.
        refuse: Called with the place and the reason of each thing that is left out.
    """
    plain = {}
    for name, value in checkpoint.items():
        kept = plain_part(value, str(name), refuse)
        if kept is not LEFT_OUT:
            plain[name] = kept
    return plain


def plain_part(value: Any, name: str, refuse: Callable[[str, str], None]) -> Any:
    """One value of a checkpoint, or ``LEFT_OUT``."""
    try:
        return to_plain(value)
    except TypeError as error:
        reason = str(error)
    if isinstance(value, Mapping):
        return plain_parts(value, lambda n, why: refuse(f'{name}.{n}', why))
    if isinstance(value, (list, tuple)):
        if all(isinstance(item, Mapping) for item in value):
            return [
                plain_part(item, f'{name}[{i}]', refuse) for i, item in enumerate(value)
            ]
    refuse(name, reason)
    return LEFT_OUT


def rebuilt(value: Any) -> Any:
    """The inverse of :func:`to_plain` for log buffers, at any depth."""
    if isinstance(value, Mapping) and BUFFER in value:
        log, count = value[BUFFER].cpu().numpy(), value['count'].cpu().numpy()
        return HistoryBuffer(log, count, value['max_length'])
    if isinstance(value, Mapping):
        return {key: rebuilt(item) for key, item in value.items()}
    return value
