"""Checkpoint contents as tensors and plain Python, and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

__all__ = ['rebuilt', 'to_plain']

BUFFER = 'mmengine.HistoryBuffer'
"""Key that marks a dict as a log buffer written out."""


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
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return value
    if isinstance(value, torch.Tensor):
        return value.detach() if value.requires_grad else value
    if isinstance(value, (torch.dtype, torch.device, torch.Size)):
        return value
    raise TypeError(f'{type(value).__name__} is neither a tensor nor plain Python')


def rebuilt(value: Any) -> Any:
    """The inverse of :func:`to_plain` for log buffers, at any depth."""
    if isinstance(value, Mapping) and BUFFER in value:
        log, count = value[BUFFER].cpu().numpy(), value['count'].cpu().numpy()
        return HistoryBuffer(log, count, value['max_length'])
    if isinstance(value, Mapping):
        return {key: rebuilt(item) for key, item in value.items()}
    return value
