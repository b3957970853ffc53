"""Activations on disk: one memory-mapped file, its labels, and what it was made of."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import DataError, StorageError
from .room import allocate, taken

__all__ = ['Store']

KEY, DATA, LABELS, PROGRESS = 'key.json', 'activations.bin', 'labels.jsonl', 'done.json'
BROKEN = 'broken.json'


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

    @property
    def whole(self) -> bool:
        """Whether all rows are there."""
        return self.fits() and self.done == self.rows

    @property
    def missing(self) -> int:
        """Bytes that the disk still has to give; other than labels."""
        return 0 if self.whole else max(0, self.size - taken(self.folder / DATA))

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
        """Take the room; what another key made is removed.

        Raises:
            StorageError: The disk does not give it. Nothing is left then.
            DataError: The folder holds something that isn't ours.
        """
        if self.fits():
            with storing(self.folder, self.size):  # a copied file may have holes
                row = prod(self.shape) * self.dtype.itemsize
                allocate(self.folder / DATA, self.size, self.done * row)
            return
        if self.folder.exists():
            remove_old(self.folder)
        try:
            with storing(self.folder, self.size):
                self.folder.mkdir(parents=True)
                allocate(self.folder / DATA, self.size)
                (self.folder / LABELS).touch()
                # Last: without it the folder counts as empty.
                (self.folder / KEY).write_text(json.dumps(self.described(), indent=1))
        except StorageError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def open(self) -> Tensor:
        """All rows, mapped into memory, ``(rows, *shape)``."""
        if not self.rows:
            return torch.empty(0, *self.shape, dtype=self.dtype)  # nothing to map
        mapped = torch.from_file(
            str(self.folder / DATA),
            shared=True,
            size=self.rows * prod(self.shape),
            dtype=self.dtype,
        )
        return mapped.view(self.rows, *self.shape)

    def finish(
        self,
        labels: Sequence[Mapping[str, Any]],
        done: int,
        broken: Sequence[Mapping[str, str]] = (),
    ) -> None:
        """Note what is whole: it stays so after an interruption.

        Args:
            labels: Of the rows since the last note.
            done: Rows that are there now.
            broken: Path to reason of the files that were broken so far, for each
                dataset of files.

        Raises:
            StorageError: It can't be written; what was noted before is whole.
        """
        with storing(self.folder, self.size):
            with (self.folder / DATA).open('rb+') as file:
                os.fsync(file.fileno())
            with (self.folder / LABELS).open('a') as file:
                file.writelines(json.dumps(label) + '\n' for label in labels)
                file.flush()
                os.fsync(file.fileno())
            self.write(BROKEN, list(broken))
            self.write(PROGRESS, done)

    def write(self, name: str, content: Any) -> None:
        """Put a small file in the place of an older one."""
        new = self.folder / f'{name}.new'
        new.write_text(json.dumps(content))
        new.replace(self.folder / name)

    def read_labels(self) -> list[dict[str, Any]]:
        """What :meth:`finish` was given, a row each; those past the last note go."""
        lines = (self.folder / LABELS).read_text().splitlines()
        return [json.loads(line) for line in lines[: self.done]]

    def read_broken(self) -> list[dict[str, str]]:
        """Files that were broken, by path, with the reason, for each dataset."""
        file = self.folder / BROKEN
        found: list[dict[str, str]] = []
        return json.loads(file.read_text()) if self.done and file.is_file() else found

    def cut_labels(self) -> None:
        """Drop labels that were written without a note of their rows."""
        labels = self.read_labels()
        text = ''.join(json.dumps(label) + '\n' for label in labels)
        (self.folder / LABELS).write_text(text)


@contextmanager
def storing(folder: Path, size: int) -> Iterator[None]:
    """Say of a folder's files that they can't be written.

    Raises:
        StorageError: In place of the system's own error.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{folder}: activations of {size / 1e9:.3g} GB can't be written: {error}. "
            'Make room, or choose another folder, fewer views or adapters in fewer of '
            'the last blocks.'
        ) from error


def remove_old(folder: Path) -> None:
    """Remove a store.

    Raises:
        DataError: The folder isn't one.
    """
    names = {path.name for path in folder.iterdir()}
    changing = {name for file in (PROGRESS, BROKEN) for name in (file, f'{file}.new')}
    if names - {KEY, DATA, LABELS} - changing:
        raise DataError(
            f'{folder} holds other files than kept activations: '
            f'{", ".join(sorted(names)[:5])}. Give a folder of its own.'
        )
    shutil.rmtree(folder)
