"""Datasets of files that outlive some broken ones."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from ..errors import AdaptError, BrokenFileError, DataError, HangingFileError
from .broken import BrokenFiles
from .file_check import is_own_fault

__all__ = ['BROKEN', 'FileDataset', 'file_datasets']

BROKEN = 'broken'
"""Key of a sample's metainfo that says why its file can't be read."""

LABELS = ('label', 'gt_label', 'gt_score')
"""Keys of a sample's entry that say what it is."""

TRIES = 1000
"""Draws of another sample; so many broken ones in a row are no chance."""


class FileDataset(BaseDataset):
    """A dataset whose samples are files, some of which may be broken.

    In training another sample, drawn at random, takes the place of a broken one. In
    testing that is an error, unless somebody watches ``broken``, as ``BrokenDataHook``
    does: then it keeps its label and its name; the pixels of the next file stand in for
    its own, and ``broken`` in its metainfo says that no answer to them counts.

    Each time it is read again, and the generators are put back, so that what is drawn
    doesn't depend on what happened before: a resumed run goes on as the first one would
    have.
    """

    FILE: ClassVar[str] = ''
    """Key of a sample's entry that holds the path."""

    DRAWS_FIRST: ClassVar[bool] = True
    """Whether pipelines may draw at random before a broken file fails."""

    broken: BrokenFiles

    def full_init(self) -> None:
        """Read the list, and make room for what turns out to be broken."""
        if not self._fully_initialized:
            self.broken = BrokenFiles()
        super().full_init()

    def check_sample(self, info: Mapping[str, Any]) -> None:
        """Read a file without the pipeline, to tell whose fault an error is.

        Args:
            info: The sample's entry.

        Raises:
            BrokenFileError: It can't be read.
        """
        raise NotImplementedError

    def prepare_data(self, idx: int) -> Any:
        """A sample, or what stands in for it.

        Raises:
            BrokenFileError: A broken file in testing that nobody watches for.
            DataError: More of them than are tolerated.
        """
        if self.test_mode:
            return self._tested(idx)
        for _ in range(TRIES):
            before = drawn() if self.DRAWS_FIRST else None
            try:
                return self._read(self.get_data_info(idx))
            except BrokenFileError as error:
                self._note(self.get_data_info(idx), error)
            if before is not None:
                draw_again(before)
            idx = self._rand_another()
        raise DataError(
            f'{TRIES} samples drawn in a row are broken. tools/data/check_dataset.py '
            'CONFIG lists them.'
        )

    def _tested(self, idx: int) -> Any:
        info = self.get_data_info(idx)
        try:
            return self._read(info)
        except BrokenFileError as error:
            self._note(info, error)
            reason = error
        labels = {key: info[key] for key in LABELS if key in info}
        for step in range(1, len(self)):
            other = self.get_data_info((idx + step) % len(self))
            try:
                sample = self._read({**other, **labels})
            except BrokenFileError as error:
                self._note(other, error)
                continue
            meta = {self.FILE: info[self.FILE], BROKEN: str(reason)}
            sample['data_samples'].set_metainfo(meta)
            return sample
        raise DataError(f'none of the {len(self)} files can be read: {reason}')

    def _read(self, info: Mapping[str, Any]) -> Any:
        """What the pipeline makes of an entry."""
        path = info[self.FILE]
        if self.broken.hangs(path):  # each try would leave another thread behind
            raise BrokenFileError(self.broken.known()[path])
        try:
            return self.pipeline(info)
        except AdaptError:
            raise
        # Decoders fail in their own ways.
        except Exception as error:
            if is_own_fault(error):
                raise
            try:
                self.check_sample(info)
            except BrokenFileError as broken:
                raise broken from error
            raise  # a fault of the pipeline, not of the file

    def _note(self, info: Mapping[str, Any], error: BrokenFileError) -> None:
        if self.test_mode and not self.broken.watched:
            raise BrokenFileError(
                f'{error} To count it as wrong and go on: '
                "default_hooks = dict(broken_data=dict(type='BrokenDataHook'))."
            ) from error
        hangs = isinstance(error, HangingFileError)
        self.note_broken(info[self.FILE], str(error), hangs)

    def note_broken(self, path: str, reason: str, hangs: bool = False) -> None:
        """Note a broken file, and log it unless somebody watches who reports it.

        Args:
            path: The file.
            reason: What is wrong with it.
            hangs: Whether its decoder came to no end.

        Raises:
            DataError: It is one more than are tolerated.
        """
        watched = self.broken.watched
        if self.broken.add(path, reason, hangs) and not watched:
            text = f'broken file, left out: {reason}'
            print_log(text, logger='current', level=logging.WARNING)


def drawn() -> tuple[Any, ...]:
    """The generators that transforms draw from."""
    return random.getstate(), np.random.get_state(), torch.get_rng_state()


def draw_again(state: tuple[Any, ...]) -> None:
    """Put the generators back."""
    random.setstate(state[0])
    np.random.set_state(state[1])
    torch.set_rng_state(state[2])


def file_datasets(dataset: Any) -> list[FileDataset]:
    """The datasets of files in a dataset, inside whatever wraps them."""
    if isinstance(dataset, FileDataset):
        dataset.full_init()
        return [dataset]
    inner = [getattr(dataset, 'dataset', None), *getattr(dataset, 'datasets', ())]
    return [found for one in inner if one is not None for found in file_datasets(one)]
