"""The lists of clips in a folder of data, and the clips that they name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import DataError
from .lists import find_file, read_list
from .video_lists import Clip

__all__ = ['find_lists', 'read_clips']

PARTS = ('train', 'val', 'test')
ENDINGS = ('.csv', '.txt')


def find_lists(source: Path, target: Path, given: Sequence[str] | None) -> list[str]:
    """Names of the lists, in the source and in the folders in it.

    Args:
        source: The folder of the data.
        target: The folder that is written, which may lie in the source.
        given: Names that the user gave, if any: those, and no others.

    Raises:
        DataError: There is none.
    """
    if given:
        return list(given)
    folders = [p for p in sorted(source.glob('*')) if p.is_dir()]
    found = [
        (folder / f'{part}{ending}').relative_to(source).as_posix()
        for folder in (source, *folders)
        if folder.resolve() != target.resolve()
        for part in PARTS
        for ending in ENDINGS
        if (folder / f'{part}{ending}').is_file()
    ]
    if not found:
        raise DataError(
            f'{source} holds no list, such as train.csv or val.txt. Make them first '
            '(tools/data/ssv2.py, hmdb51.py), or name them by --lists.'
        )
    return found


def read_clips(source: Path, file: Path) -> list[Clip]:
    """The clips of one list, found where training looks for them.

    Raises:
        DataError: The list can't be read, or a clip isn't there.
    """
    folders = [file.with_suffix(''), file.parent, source, Path()]
    return [  # absolute, so that one clip in two lists is one
        Clip(Path(os.path.abspath(find_file(entry, folders, file))), entry.label)
        for entry in read_list(file)
    ]
