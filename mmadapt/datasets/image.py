"""Photos in one folder a class, or named in a list."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmpretrain.registry import DATASETS

from ..errors import DataError, did_you_mean
from .lists import check_labels, find_files, read_list
from .names import folder_names, read_class_names
from .photos import EXTENSIONS, PhotoDataset

__all__ = ['ImageFolder']


@DATASETS.register_module()
class ImageFolder(PhotoDataset):
    """``data_root/train/<class>/*`` and ``data_root/val/<class>/*``, or lists.

    Where there is a list ``data_root/train.txt`` (``val.txt``), ``path label`` a line,
    it decides which photos count and what they are; paths are relative to
    ``data_root/train`` or to ``data_root``.

    Else the folders do, and a class has the same label in every part of the data: its
    place in ``data_root/classes.txt`` where there is one, else among the sorted folders
    of ``data_root/train``. (Taken from each part's own folders, the labels of a part
    that lacks a class would shift.) Files that don't count are told in a warning.

    Args:
        data_root: The folder of the data.
        data_prefix: The part, such as ``'train'``.
        pipeline: Transforms.
        num_classes: Number of classes; None takes that of the names, or else one more
            than the highest label of the list.
        test_mode: A part that is tested may lack a class, one that trains may not.
        metainfo: May give the classes, in label order.
        extensions: Endings of the files that count, in lower case.
        lazy_init: Read the folder later, on ``full_init``.
        serialize_data: As in MMEngine.

    Raises:
        DataError: A folder is missing, empty, or names no class; a line of a list can't
            be read; a photo can't be read.
    """

    def __init__(
        self,
        data_root: str = '',
        data_prefix: str = '',
        pipeline: Sequence[Mapping[str, Any]] = (),
        num_classes: int | None = None,
        test_mode: bool = False,
        metainfo: Mapping[str, Any] | None = None,
        extensions: Sequence[str] = EXTENSIONS,
        lazy_init: bool = False,
        serialize_data: bool = True,
    ) -> None:
        self.extensions = tuple(extension.lower() for extension in extensions)
        self.num_classes = num_classes
        super().__init__(
            data_root=str(data_root),
            data_prefix={'img_path': data_prefix},
            pipeline=list(pipeline),
            test_mode=test_mode,
            metainfo=dict(metainfo or {}),
            lazy_init=lazy_init,
            serialize_data=serialize_data,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """One entry a photo: ``img_path`` and ``gt_label``."""
        folder = Path(self.data_prefix['img_path'])
        listed = folder.with_name(f'{folder.name}.txt')
        if listed.is_file():
            return self._listed(listed, folder)
        if not folder.is_dir():
            raise DataError(
                f'no folder {folder}: photos are expected as {folder}/<class>/*.jpg.'
                f'{did_you_mean(folder, siblings(folder))}'
            )
        names = self._class_names(folder)
        self._metainfo['classes'] = tuple(names)
        if self.num_classes not in (None, len(names)):
            raise DataError(
                f'{folder} has {len(names)} classes, num_classes={self.num_classes} '
                'was given. Leave it None, and the classes are found.'
            )
        unknown = [name for name in folder_names(folder) if name not in names]
        if unknown:
            raise DataError(
                f'{folder} has a folder {unknown[0]!r}, which is no class; the classes '
                f'are {", ".join(map(repr, names))}.{did_you_mean(unknown[0], names)}'
            )
        samples = []
        ignored: list[Path] = []
        for label, name in enumerate(names):
            paths, others = self._photos(folder / name)
            ignored += others
            if not paths and not self.test_mode:
                raise DataError(
                    f'class {name!r} has no photo in {folder / name} (endings that '
                    f'count: {", ".join(self.extensions)}). Add photos, or remove the '
                    'class.'
                )
            samples += [{'img_path': str(path), 'gt_label': label} for path in paths]
        if not samples:
            raise DataError(f'no photo in the folders of {folder}.')
        if ignored:
            warnings.warn(
                f'{folder}: {len(ignored)} file(s) in its classes do not count as '
                f'photos, such as {ignored[0]}; endings that count: '
                f'{", ".join(self.extensions)}. Convert them, or give the dataset '
                'its own extensions.',
                stacklevel=2,
            )
        return samples

    def _listed(self, file: Path, folder: Path) -> list[dict[str, Any]]:
        entries = read_list(file)
        root = Path(self.data_root or folder.parent)
        names = self._metainfo.get('classes') or read_class_names(root)
        if names:
            self._metainfo['classes'] = tuple(names)
        check_labels(file, entries, names, self.num_classes, not self.test_mode)
        places = (folder, root, Path())
        return [
            {'img_path': str(photo), 'gt_label': entry.label}
            for entry, photo in zip(entries, find_files(entries, places, file))
        ]

    def _class_names(self, folder: Path) -> list[str]:
        given = self._metainfo.get('classes')
        root = Path(self.data_root or folder)
        train = root / 'train'
        names = list(given) if given else read_class_names(root)
        if names is None:
            names = folder_names(train if train.is_dir() else folder)
        if not names:
            raise DataError(
                f'no class folder in {folder}: photos are expected as '
                f'{folder}/<class>/*.jpg.'
            )
        return names

    def _photos(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The photos of a class, and the other files; hidden ones are neither."""
        photos: list[Path] = []
        others: list[Path] = []
        for path in sorted(folder.rglob('*')) if folder.is_dir() else ():
            if path.is_file() and not path.name.startswith('.'):
                counts = path.suffix.lower() in self.extensions
                (photos if counts else others).append(path)
        return photos, others


def siblings(folder: Path) -> list[Path]:
    """What stands beside a folder that isn't there."""
    return list(folder.parent.iterdir()) if folder.parent.is_dir() else []
