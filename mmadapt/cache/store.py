"""Activations on disk: one memory-mapped file, its labels, and what it was made of."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor

from ..errors import DataError, StorageError
from .labels import Labels
from .notes import Lines, put, read_note
from .room import allocate, storing, taken
from .rows import map_rows

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
        """Rows that are there already, with their labels.

        0 where the folder is new, of another key, or :meth:`damaged`: a row must never
        be paired with the label of another.
        """
        if not self.fits() or self.damaged():
            return 0
        return self.noted() or 0

    def noted(self) -> int | None:
        """Rows that were noted; None where there is no such note, or no number."""
        found = read_note(self.folder / PROGRESS)
        return found if type(found) is int and 0 <= found <= self.rows else None

    def damaged(self) -> str:
        """The first file that can't be read, or lacks labels of rows; or nothing.

        Labels are written before their rows are noted, so that none can be missing but
        from outside: those that are there need not be those of the first rows.
        """
        noted = self.noted()  # first: another process may be adding to the labels
        if noted is None and (self.folder / PROGRESS).exists():
            return PROGRESS
        if (self.folder / BROKEN).exists() and read_note(self.folder / BROKEN) is None:
            return BROKEN
        return LABELS if len(Lines(self.folder / LABELS)) < (noted or 0) else ''

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
        data = self.folder / DATA
        return (
            read_note(self.folder / KEY) == self.described()
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
        """Take the room; what another key made, or can't be read, is made anew.

        Raises:
            StorageError: The disk does not give it. Nothing is left then of a new one.
            DataError: The folder holds something that isn't ours.
        """
        if self.fits():
            self.tell_damage(self.damaged())
            with storing(self.folder, self.size):  # a copied file may have holes
                row = prod(self.shape) * self.dtype.itemsize
                allocate(self.folder / DATA, self.size, self.done * row)
            return
        if self.folder.exists():
            key = self.folder / KEY
            self.tell_damage(KEY if key.exists() and read_note(key) is None else '')
            remove_old(self.folder)
        try:
            with storing(self.folder, self.size):
                self.folder.mkdir(parents=True)
                allocate(self.folder / DATA, self.size)
                (self.folder / LABELS).touch()
                # Last: without it the folder counts as empty.
                described = json.dumps(self.described(), indent=1)
                put(self.folder / KEY, described.encode())
        except StorageError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def tell_damage(self, name: str) -> None:
        """Say of a damaged file, where there is one, that all is computed anew."""
        if name:
            print_log(
                f"{self.folder}: {name} can't be read to its end, or doesn't belong to "
                'the activations beside it. They are computed anew.',
                logger='current',
                level=logging.WARNING,
            )

    def open(self) -> Tensor:
        """All rows, mapped into memory to be written, ``(rows, *shape)``."""
        return map_rows(self.folder / DATA, (self.rows, *self.shape), self.dtype, True)

    def read(self) -> Tensor:
        """The same to be read, in a folder that lets nothing be written too."""
        return map_rows(self.folder / DATA, (self.rows, *self.shape), self.dtype, False)

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
            put(self.folder / BROKEN, json.dumps(list(broken)).encode())
            put(self.folder / PROGRESS, json.dumps(done).encode())

    def read_labels(self) -> Labels:
        """What :meth:`finish` was given, a row each; those past the last note go.

        Raises:
            DataError: One of them can't be read.
        """
        labels = Labels(Lines(self.folder / LABELS), self.done)
        try:
            for _ in labels:
                pass
            return labels
        except ValueError as error:
            raise DataError(
                f'{self.folder / LABELS}: a label of the kept activations is broken: '
                f'{error}. Remove {self.folder}, and they are computed anew.'
            ) from error

    def read_broken(self) -> list[dict[str, str]]:
        """Files that were broken, by path, with the reason, for each dataset."""
        return (read_note(self.folder / BROKEN) or []) if self.done else []

    def cut_labels(self) -> None:
        """Drop labels that were written without a note of their rows.

        Raises:
            StorageError: They can't be written; they are as they were.
        """
        lines = Lines(self.folder / LABELS)[: self.done]
        text = b''.join(line + b'\n' for line in lines)
        with storing(self.folder, self.size):
            put(self.folder / LABELS, text)


def remove_old(folder: Path) -> None:
    """Remove a store.

    Raises:
        DataError: The folder isn't one.
    """
    names = {path.name for path in folder.iterdir()}
    changing = (KEY, LABELS, PROGRESS, BROKEN)
    ours = {DATA, *changing, *(f'{name}.new' for name in changing)}
    if names - ours:
        raise DataError(
            f'{folder} holds other files than kept activations: '
            f'{", ".join(sorted(names)[:5])}. Give a folder of its own.'
        )
    shutil.rmtree(folder)
