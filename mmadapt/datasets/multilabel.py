"""Photos with several labels each, named in a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmpretrain.registry import DATASETS

from ..errors import DataError, did_you_mean
from .label_lists import LabelledFile, find_list, read_label_list
from .lists import Entry, find_files
from .names import read_class_names
from .photos import PhotoDataset

__all__ = ['MultiLabelList']


@DATASETS.register_module()
class MultiLabelList(PhotoDataset):
    """``data_root/train.csv`` (or ``.jsonl``, ``.txt``): a photo and its labels a line.

    :mod:`mmadapt.datasets.label_lists` has the three forms. Paths are relative to
    ``data_root`` or to ``data_root/<part>``. A photo may have no label.

    Labels are the names of classes. The classes are the lines of
    ``data_root/classes.txt`` where there is one, else the sorted labels of the training
    list, for every part of the data. With a ``classes.txt``, a whole number is the
    class at that line, from 0 on, unless it is a name.

    Args:
        data_root: The folder of the data.
        part: The list's name without ending, such as ``'train'``.
        pipeline: Transforms.
        num_classes: Number of classes; None takes what is found.
        test_mode: A part that is tested may lack a class, one that trains may not.
        metainfo: May give the classes, in label order.
        lazy_init: Read the list later, on ``full_init``.
        serialize_data: As in MMEngine.

    Raises:
        DataError: The list is missing, or a line of it can't be obeyed; a photo is
            missing or can't be read.
    """

    def __init__(
        self,
        data_root: str = '',
        part: str = 'train',
        pipeline: Sequence[Mapping[str, Any]] = (),
        num_classes: int | None = None,
        test_mode: bool = False,
        metainfo: Mapping[str, Any] | None = None,
        lazy_init: bool = False,
        serialize_data: bool = True,
    ) -> None:
        self.part = part
        self.num_classes = num_classes
        super().__init__(
            data_root=str(data_root),
            data_prefix={},
            pipeline=list(pipeline),
            test_mode=test_mode,
            metainfo=dict(metainfo or {}),
            lazy_init=lazy_init,
            serialize_data=serialize_data,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """One entry a photo: ``img_path`` and ``gt_label``, a list of indices."""
        root = Path(self.data_root)
        file = find_list(root, self.part)
        entries = read_label_list(file)
        names, numbered = self._class_names(root, entries)
        self._metainfo['classes'] = tuple(names)
        if self.num_classes not in (None, len(names)):
            raise DataError(
                f'{root} has {len(names)} classes, num_classes={self.num_classes} was '
                'given. Leave it None, and the classes are found.'
            )
        indices = {name: index for index, name in enumerate(names)}
        if numbered:
            indices = {str(index): index for index in range(len(names))} | indices
        places = (root / self.part, root, Path())
        labels = [
            {index_of(label, indices, entry, file) for label in entry.labels}
            for entry in entries
        ]
        photos = find_files([Entry(e.line, e.path, 0) for e in entries], places, file)
        samples = [
            {'img_path': str(photo), 'gt_label': sorted(found)}
            for photo, found in zip(photos, labels)
        ]
        if not self.test_mode:
            check_complete(samples, names, file)
        return samples

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """A sample's entry, with ``gt_score``: 1 for each of its classes, else 0."""
        info = dict(super().get_data_info(idx))
        score = np.zeros(len(self.metainfo['classes']), dtype=np.float32)
        score[info['gt_label']] = 1
        info['gt_score'] = score  # says it for a photo without a label too
        return info

    def get_cat_ids(self, idx: int) -> list[int]:
        """The classes of a sample, for MMPretrain's samplers and wrappers."""
        return list(self.get_data_info(idx)['gt_label'])

    def _class_names(
        self, root: Path, entries: Sequence[LabelledFile]
    ) -> tuple[list[str], bool]:
        """The classes, and whether a number may stand for one."""
        given = self._metainfo.get('classes') or read_class_names(root)
        if given:
            return [str(name) for name in given], True
        if self.part != 'train':
            try:
                entries = read_label_list(find_list(root, 'train'))
            except DataError as error:
                raise DataError(
                    f'the classes of {self.part!r} are those of the training list, '
                    f'unless {root / "classes.txt"} names them: {error}'
                ) from error
        found = {label for entry in entries for label in entry.labels}
        if not found:
            raise DataError(f'{find_list(root, "train")} has no label at all.')
        if all(label.isdecimal() for label in found):
            return sorted(found, key=int), False
        return sorted(found), False


def index_of(
    label: str, indices: Mapping[str, int], entry: LabelledFile, file: Path
) -> int:
    """The class that a label means.

    Raises:
        DataError: None.
    """
    if label not in indices:
        raise DataError(
            f'{file}, line {entry.line}: {label!r} is none of the {len(indices)} '
            'classes, which are those of classes.txt, or else of the training list.'
            f'{did_you_mean(label, indices)}'
        )
    return indices[label]


def check_complete(
    samples: Sequence[Mapping[str, Any]], names: Sequence[str], file: Path
) -> None:
    """Refuse a training list that lacks a class.

    Raises:
        DataError: With the first class that no photo has.
    """
    counts = Counter(label for sample in samples for label in sample['gt_label'])
    empty = [name for index, name in enumerate(names) if not counts[index]]
    if empty:
        raise DataError(
            f'{file} has no photo of {empty[0]!r}, {len(empty)} such of {len(names)} '
            'classes. Every class needs one; mend the list, or classes.txt.'
        )
