"""Clips named in a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmaction.datasets import BaseActionDataset
from mmaction.registry import DATASETS
from mmengine.logging import print_log

from ..errors import DataError
from . import video_transforms
from .listing import check_labels, class_count, find_file, read_list
from .names import read_class_names

__all__ = ['VideoList', 'video_transforms']


@DATASETS.register_module()
class VideoList(BaseActionDataset):
    """Clips and labels from a list such as ``data_root/train.txt``.

    A line is ``path label``; paths are absolute or relative to ``data_prefix``, to the
    folder named like the list (``data_root/train``), or to ``data_root``, where the
    file is. A ``classes.txt`` beside the list names the classes. A clip that can't be
    decoded is skipped in training, with its path logged, and an error in testing.

    Args:
        ann_file: The list.
        pipeline: Transforms, from :class:`OpenVideo` on.
        data_root: The folder of the data.
        data_prefix: Folder of the clips.
        num_classes: Number of classes; None finds it in ``classes.txt``, or else in the
            labels of the training list.
        test_mode: A list that is tested may lack a class, one that trains may not.
        metainfo: May give the classes, in label order.
        lazy_init: Read the list later, on ``full_init``.
        serialize_data: As in MMEngine.

    Raises:
        DataError: A list, line, label, class or file that is missing or wrong.
    """

    def __init__(
        self,
        ann_file: str,
        pipeline: Sequence[Mapping[str, Any]] = (),
        data_root: str = '',
        data_prefix: str = '',
        num_classes: int | None = None,
        test_mode: bool = False,
        metainfo: Mapping[str, Any] | None = None,
        lazy_init: bool = False,
        serialize_data: bool = True,
    ) -> None:
        self.named_folder = data_prefix
        super().__init__(
            ann_file,
            pipeline=list(pipeline),
            data_root=str(data_root),
            data_prefix={'video': data_prefix},
            num_classes=num_classes,
            test_mode=test_mode,
            metainfo=dict(metainfo or {}),
            lazy_init=lazy_init,
            serialize_data=serialize_data,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """One entry a clip: ``filename`` and ``label``."""
        file = Path(self.ann_file)
        entries = read_list(file)
        root = Path(self.data_root or file.parent)
        names = self._metainfo.get('classes') or read_class_names(root)
        count = class_count(file, names, self.num_classes)
        check_labels(file, [label for _, label in entries], count, not self.test_mode)
        if names:
            self._metainfo['classes'] = tuple(names)
        folders = [file.with_suffix(''), root]
        if self.named_folder:
            folders.insert(0, Path(self.data_prefix['video']))
        return [
            {'filename': str(find_file(entry, folders, file)), 'label': label}
            for entry, label in entries
        ]

    def full_init(self) -> None:
        """Read the list, and make room to mark clips that can't be decoded."""
        super().full_init()
        # Shared, so that the workers of a dataloader count together.
        self.broken = torch.zeros(len(self), dtype=torch.uint8).share_memory_()

    def prepare_data(self, idx: int) -> Any:
        """One sample; None in training where the clip can't be decoded.

        Raises:
            DataError: Such a clip in testing, or in training once no clip is left.
        """
        try:
            return super().prepare_data(idx)
        except DataError as error:
            if self.test_mode:
                raise
            self._skip(idx, error)
            return None

    def _skip(self, index: int, error: DataError) -> None:
        if not self.broken[index]:
            self.broken[index] = 1
            count = int(self.broken.sum())
            print_log(
                f'skipped a clip in training ({count} of {len(self)} so far): {error}',
                logger='current',
                level=30,
            )
        if bool(self.broken[: len(self)].all()):
            raise DataError(
                f'none of the {len(self)} clips of {self.ann_file} can be decoded; the '
                f'last one: {error}'
            ) from error
