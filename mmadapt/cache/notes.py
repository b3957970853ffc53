"""Small files beside kept activations: whole, or as they were before."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

__all__ = ['Lines', 'put', 'read_note']

NEWLINE = 10
PART = 1 << 24
"""Bytes that are looked through at once."""


def put(file: Path, content: bytes) -> None:
    """Put a file in the place of an older one; a crash leaves one of the two.

    Args:
        file: In a folder that this process alone writes to.
        content: Its bytes.

    Raises:
        OSError: It can't be written; the older one is as it was.
    """
    new = file.with_name(f'{file.name}.new')
    with new.open('wb') as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)


def read_note(file: Path) -> Any:
    """What a JSON file holds; None where it isn't there, or was cut short."""
    try:
        return json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


class Lines(Sequence[bytes]):
    """A file's lines but a last one cut short; none where it isn't there.

    They stay in the file, mapped into memory: processes of one machine share them.

    Args:
        file: Its lines end with a newline.
    """

    def __init__(self, file: Path) -> None:
        there = file.is_file() and file.stat().st_size
        self.text: np.ndarray = (
            np.memmap(file, np.uint8, 'r') if there else np.empty(0, np.uint8)
        )
        parts = range(0, len(self.text), PART)
        ends = [np.flatnonzero(self.text[i : i + PART] == NEWLINE) + i for i in parts]
        self.ends = np.concatenate([*ends, np.empty(0, np.int64)])

    def __len__(self) -> int:
        """How many."""
        return len(self.ends)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        """One of them, or several, without their ends."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        row = range(len(self))[index]
        start = self.ends[row - 1] + 1 if row else 0
        return self.text[start : self.ends[row]].tobytes()
