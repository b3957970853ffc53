"""Activations on disk: one memory-mapped file, its labels, and what it was made of."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import ConfigError, DataError

__all__ = ['Store']

KEY, DATA, LABELS, PROGRESS = 'key.json', 'activations.bin', 'labels.jsonl', 'done.json'


@dataclass(frozen=True)
class Store:
    """The kept activations of one dataset, in a folder of their own.

    Attributes:
        folder: Where.
        key: What they were made of; another key is another store.
        rows: Samples times views.
        shape: Of a row.
        dtype: Of a row.
    """

    folder: Path
    key: dict[str, Any]
    rows: int
    shape: tuple[int, ...]
    dtype: torch.dtype

    @property
    def size(self) -> int:
        """Bytes on disk, labels not counted."""
        return self.rows * prod(self.shape) * self.dtype.itemsize

    @property
    def done(self) -> int:
        """Rows that are there already; 0 where the folder is new or of another key."""
        if not self.fits():
            return 0
        progress = self.folder / PROGRESS
        return int(json.loads(progress.read_text())) if progress.is_file() else 0

    def fits(self) -> bool:
        """Whether the folder holds what this key makes."""
        file = self.folder / KEY
        data = self.folder / DATA
        return (
            file.is_file()
            and json.loads(file.read_text()) == self.described()
            and data.is_file()
            and data.stat().st_size == self.size
        )

    def described(self) -> dict[str, Any]:
        """The key and the layout, as they are written."""
        layout = {
            'rows': self.rows,
            'shape': list(self.shape),
            'dtype': str(self.dtype),
        }
        described: dict[str, Any] = json.loads(json.dumps({**self.key, **layout}))
        return described

    def create(self) -> None:
        """Make room; what another key made is removed.

        Raises:
            ConfigError: The disk has no room for it.
            DataError: The folder holds something that isn't ours.
        """
        if self.fits():
            return
        if self.folder.exists():
            remove_old(self.folder)
        parent = next(path for path in self.folder.absolute().parents if path.exists())
        free = shutil.disk_usage(parent).free
        if self.size > free:
            raise ConfigError(
                f'{self.folder}: the activations take {self.size / 1e9:.1f} GB, and '
                f'{free / 1e9:.1f} GB are free. Choose another folder, fewer views or '
                'adapters in fewer of the last blocks.'
            )
        self.folder.mkdir(parents=True)
        (self.folder / KEY).write_text(json.dumps(self.described(), indent=1))
        (self.folder / LABELS).touch()
        with (self.folder / DATA).open('wb') as file:
            file.truncate(self.size)

    def open(self) -> Tensor:
        """All rows, mapped into memory, ``(rows, *shape)``."""
        mapped = torch.from_file(
            str(self.folder / DATA),
            shared=True,
            size=self.rows * prod(self.shape),
            dtype=self.dtype,
        )
        return mapped.view(self.rows, *self.shape)

    def finish(self, labels: Sequence[dict[str, Any]], done: int) -> None:
        """Note what is whole: it stays so after an interruption.

        Args:
            labels: Of the rows since the last note.
            done: Rows that are there now.
        """
        with (self.folder / DATA).open('rb+') as file:
            os.fsync(file.fileno())
        with (self.folder / LABELS).open('a') as file:
            file.writelines(json.dumps(label) + '\n' for label in labels)
            file.flush()
            os.fsync(file.fileno())
        new = self.folder / f'{PROGRESS}.new'
        new.write_text(json.dumps(done))
        new.replace(self.folder / PROGRESS)

    def read_labels(self) -> list[dict[str, Any]]:
        """What :meth:`finish` was given, a row each; those past the last note go."""
        lines = (self.folder / LABELS).read_text().splitlines()
        return [json.loads(line) for line in lines[: self.done]]

    def cut_labels(self) -> None:
        """Drop labels that were written without a note of their rows."""
        labels = self.read_labels()
        text = ''.join(json.dumps(label) + '\n' for label in labels)
        (self.folder / LABELS).write_text(text)


def remove_old(folder: Path) -> None:
    """Remove a store.

    Raises:
        DataError: The folder isn't one.
    """
    names = {path.name for path in folder.iterdir()}
    if names - {KEY, DATA, LABELS, PROGRESS, f'{PROGRESS}.new'}:
        raise DataError(
            f'{folder} holds other files than kept activations: '
            f'{", ".join(sorted(names)[:5])}. Give a folder of its own.'
        )
    shutil.rmtree(folder)
