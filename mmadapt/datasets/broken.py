"""Which files of a dataset turned out to be broken."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Mapping
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import uuid4

from ..errors import DataError

__all__ = ['BrokenFiles', 'check_limit']

NAMED = 10
"""Files that an error names at most."""


class BrokenFiles:
    """A list that all processes that read one dataset have in common.

    It is a file of lines: the workers of a dataloader may be forks or not, and may read
    before anybody watches. The process that made this object removes the file.

    Attributes:
        limit: How many broken files are tolerated; None where nobody watches.
    """

    def __init__(self) -> None:
        self.file = Path(gettempdir()) / f'mmadapt-broken-{uuid4().hex}.jsonl'
        self.limit: int | None = None
        self._known: dict[str, str] = {}
        self._hanging: set[str] = set()
        self._read = 0
        weakref.finalize(self, remove, self.file, os.getpid())

    def watch(self, limit: int) -> None:
        """Say that somebody reports what is noted here, and how much is too much."""
        self._append(limit)

    @property
    def watched(self) -> bool:
        """Whether somebody reports what is noted here."""
        self.known()
        return self.limit is not None

    def known(self) -> dict[str, str]:
        """Path to reason, of all files noted so far, by whatever process."""
        try:
            size = self.file.stat().st_size
        except FileNotFoundError:
            return self._known
        if size != self._read:
            with self.file.open('rb') as file:
                file.seek(self._read if size > self._read else 0)
                self._read = file.tell()
                lines = file.read().splitlines(keepends=True)
            for line in lines:
                if line.endswith(b'\n'):  # else it is still being written
                    self._take(json.loads(line))
                    self._read += len(line)
        return self._known

    def hangs(self, path: str) -> bool:
        """Whether a decoder was left behind with a file, by whatever process."""
        self.known()
        return path in self._hanging

    def add(self, path: str, reason: str, hangs: bool = False) -> bool:
        """Note a file; whether it is a new one.

        Args:
            path: The file.
            reason: What is wrong with it.
            hangs: Whether its decoder came to no end.

        Raises:
            DataError: It is one more than are tolerated.
        """
        new = path not in self.known()
        if new:
            self._append([path, reason, hangs])
        check_limit(self.known(), self.limit)
        return new

    def _append(self, entry: int | list[str | bool]) -> None:
        line = f'{json.dumps(entry)}\n'.encode()
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY
        descriptor = os.open(self.file, flags, 0o600)
        try:
            os.write(descriptor, line)  # in one piece: others write too
        finally:
            os.close(descriptor)

    def _take(self, entry: Any) -> None:
        if isinstance(entry, int):
            self.limit = entry
            return
        path, reason, hangs = entry
        self._known.setdefault(path, reason)
        if hangs:
            self._hanging.add(path)


def check_limit(known: Mapping[str, str], limit: int | None) -> None:
    """Refuse more broken files than are tolerated.

    Args:
        known: Path to reason.
        limit: How many are tolerated; None is any number.

    Raises:
        DataError: With the first of them.
    """
    if limit is None or len(known) <= limit:
        return
    first = '\n'.join(f'  {reason}' for reason in list(known.values())[:NAMED])
    raise DataError(
        f'{len(known)} files of the data are broken, {limit} are tolerated. The '
        f'first:\n{first}\nMend them, or take them out of the data; '
        'tools/data/check_dataset.py CONFIG finds all of them. To leave out more: '
        '--cfg-options default_hooks.broken_data.share=0.05.'
    )


def remove(file: Path, process: int) -> None:
    """Remove a file, in the process that made it: its forks end before it does."""
    if os.getpid() == process:
        file.unlink(missing_ok=True)
