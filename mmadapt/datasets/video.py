"""Clips named in a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from ..errors import DataError
from .lists import read_list
from .names import read_class_names

__all__ = ['VideoList']


@DATASETS.register_module()
class VideoList(BaseDataset):
    """Clips from a text file: ``<path> <label>`` a line, as SSv2 and HMDB51 lists are.

    The label is the last field, so that paths may hold spaces. A path is looked for in
    the folder ``data_root/<name of the list>``, in ``data_root``, and as it stands.
    ``data_root/classes.txt`` names the classes.

    A clip that doesn't decode is skipped in training, its path logged once and
    counted, and another is taken in its place; in testing it is an error.

    Args:
        ann_file: The list, such as ``'train.txt'``.
        data_root: The folder of the data.
        pipeline: Transforms.
        test_mode: A part that is tested may lack a class, one that trains may not.
        metainfo: May give the classes, in label order.
        lazy_init: Read the list later, on ``full_init``.
        serialize_data: As in MMEngine.

    Raises:
        DataError: A list or clip is missing, a line can't be read, a label has no
            class, a class has no clip.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        pipeline: Sequence[Mapping[str, Any]] = (),
        test_mode: bool = False,
        metainfo: Mapping[str, Any] | None = None,
        lazy_init: bool = False,
        serialize_data: bool = True,
    ) -> None:
        self.broken: dict[str, int] = {}
        super().__init__(
            ann_file=ann_file,
            data_root=str(data_root),
            data_prefix={},
            pipeline=list(pipeline),
            test_mode=test_mode,
            metainfo=dict(metainfo or {}),
            lazy_init=lazy_init,
            serialize_data=serialize_data,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """One entry a clip, with the fields that MMAction2's transforms read."""
        file = Path(self.ann_file)
        entries = read_list(file)
        names = self._metainfo.get('classes') or read_class_names(Path(self.data_root))
        if names:
            self._metainfo['classes'] = tuple(names)
        self._check_labels(entries, len(names) if names else None)
        folders = (file.with_suffix(''), Path(self.data_root), Path())
        return [
            {
                'filename': str(find_clip(path, folders, f'{file}, line {line}')),
                'label': label,
                'start_index': 0,
                'modality': 'RGB',
            }
            for line, path, label in entries
        ]

    def prepare_data(self, idx: int) -> Any:
        """A sample; None for a broken clip in training, for which another is taken.

        Raises:
            DataError: A broken clip in testing.
        """
        try:
            return super().prepare_data(idx)
        except DataError as error:
            path = self.get_data_info(idx)['filename']
            if self.test_mode:
                raise DataError(
                    f'{error} In testing a clip is never left out: mend the file, or '
                    f'take it out of {self.ann_file}.'
                ) from error
            if path not in self.broken:
                self.broken[path] = 0
                print_log(
                    f'skipped: {error} ({len(self.broken)} broken so far)',
                    logger='current',
                    level='WARNING',
                )
            self.broken[path] += 1
            return None

    def _check_labels(
        self, entries: Sequence[tuple[int, str, int]], count: int | None
    ) -> None:
        """Refuse labels without a class and, in training, classes without a clip."""
        known = count if count is not None else max(e[2] for e in entries) + 1
        for line, _, label in entries:
            if not 0 <= label < known:
                raise DataError(
                    f'{self.ann_file}, line {line}: label {label} has no class; there '
                    f'are {known} (0 to {known - 1}). Mend the line, or classes.txt.'
                )
        empty = sorted(set(range(known)) - {label for _, _, label in entries})
        if empty and not self.test_mode:
            raise DataError(
                f'{self.ann_file} has no clip of class {empty[0]} ({len(empty)} such '
                f'of {known} classes). Labels run from 0 without a gap; every class '
                'needs a clip.'
            )


def find_clip(path: str, folders: Sequence[Path], where: str) -> Path:
    """The file that a line of a list means.

    Raises:
        DataError: It is in none of the folders.
    """
    for folder in folders:
        if (folder / path).is_file():
            return folder / path
    places = ', '.join(str(folder) for folder in folders)
    raise DataError(f'{where}: {path!r} is not there; looked in {places}.')
