"""Rows of a file, mapped into memory."""

from __future__ import annotations

import mmap
import warnings
from math import prod
from pathlib import Path

import torch
from torch import Tensor

__all__ = ['map_rows']


def map_rows(
    file: Path, shape: tuple[int, ...], dtype: torch.dtype, writes: bool
) -> Tensor:
    """A tensor whose memory is a file's.

    Args:
        file: As long as the tensor.
        shape: Of all rows.
        dtype: Of the same.
        writes: Whether it is to be written; writing to one that isn't ends the process.
    """
    size = prod(shape)
    if not size:
        return torch.empty(shape, dtype=dtype)  # nothing to map
    if writes:
        rows = torch.from_file(str(file), shared=True, size=size, dtype=dtype)
        return rows.view(shape)
    # from_file opens a shared file for writing, and of one that isn't shared the system
    # refuses more than the machine has memory.
    with file.open('rb') as opened:
        mapped = mmap.mmap(
            opened.fileno(), size * dtype.itemsize, access=mmap.ACCESS_READ
        )
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'The given buffer is not writable')
        return torch.frombuffer(mapped, dtype=dtype).view(shape)
