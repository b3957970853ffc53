"""The checkpoint that a run goes on from: the newest one that is whole."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path

from ..errors import AdaptError, TaskFileError
from .reading import read_checkpoint

__all__ = ['NOTE', 'find_latest']

NOTE = 'last_checkpoint'
"""File of a work_dir in which MMEngine notes its newest checkpoint."""


def find_latest(work_dir: str | os.PathLike[str]) -> str | None:
    """The newest whole checkpoint of a run that can be resumed.

    Every file of the folder that holds an optimizer's state is looked at, and the one
    that the note names, wherever it is; the one of the latest iteration is taken. So a
    run that was killed between writing a file and noting it loses nothing, one whose
    newest file is torn goes on from the one before, and the folder may have been moved.

    Args:
        work_dir: The run's folder.

    Returns:
        The file; None where the folder holds no checkpoint at all.

    Raises:
        TaskFileError: There are files, and none that a run can go on from.
    """
    found: dict[int, Path] = {}
    refused: list[str] = []
    for file in candidates(Path(work_dir)):
        try:
            content = read_checkpoint(file)
        except AdaptError as error:
            refused.append(str(error))
            continue
        if 'optimizer' in content:
            found.setdefault(iterations(content), file)
    if found:
        newest = found[max(found)]
        for reason in refused:
            warnings.warn(
                f'passed over in {work_dir}, {newest.name} is resumed: {reason}',
                stacklevel=2,
            )
        return str(newest)
    if refused:
        raise TaskFileError(
            f'no checkpoint of {work_dir} can be resumed: '
            f'{" ".join(refused)} To start from the beginning take another '
            'work_dir, or move these files away.'
        )
    if candidates(Path(work_dir)):
        raise TaskFileError(
            f'the checkpoints of {work_dir} hold weights alone, no optimizer: nothing '
            'can be resumed from them. To start from the beginning take another '
            'work_dir, or move these files away.'
        )
    if named := noted(Path(work_dir)):
        raise TaskFileError(
            f'{Path(work_dir) / NOTE} names {named[:80]!r}, which is not there, and '
            f'{work_dir} has no other checkpoint: what was trained is lost or '
            'elsewhere. Name the file (--resume FILE), or start from the beginning in '
            'another work_dir.'
        )
    return None


def noted(work_dir: Path) -> str:
    """What the note of a run's folder names, empty where it has none."""
    note = work_dir / NOTE
    return note.read_bytes().decode(errors='replace').strip() if note.is_file() else ''


def candidates(work_dir: Path) -> list[Path]:
    """The checkpoints of a run's folder, and the one that its note names."""
    files = [*sorted(work_dir.glob('*.pth')), *sorted(work_dir.glob('*.safetensors'))]
    named = noted(work_dir)
    # of os, which takes a damaged note for the name of no file, where pathlib raises
    if named and os.path.isfile(work_dir / named):
        file = work_dir / named
        if file.resolve() not in {other.resolve() for other in files}:
            files.append(file)
    return files


def iterations(content: Mapping[str, object]) -> int:
    """How many iterations a checkpoint's run had behind it."""
    meta = content.get('meta')
    done = meta.get('iter', 0) if isinstance(meta, Mapping) else 0
    return done if isinstance(done, int) else 0
