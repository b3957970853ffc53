"""The checkpoint that a run goes on from: the newest one that is whole."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import AdaptError, TaskFileError
from .reading import read_checkpoint
from .run_line import RUN_NOTE, RunLine, line_of, read_note

__all__ = ['NOTE', 'candidates', 'find_latest']

NOTE = 'last_checkpoint'
"""File of a work_dir in which MMEngine notes its newest checkpoint."""


@dataclass(frozen=True)
class Found:
    """A whole checkpoint of a folder."""

    file: Path
    iteration: int
    line: RunLine
    written: str


def find_latest(work_dir: str | os.PathLike[str]) -> str | None:
    """The newest whole checkpoint of the run that used a folder last.

    Every file of the folder that holds an optimizer's state is looked at, and the one
    that the note names, wherever it is; of those that belong to the last run, the one
    of the latest iteration is taken. So a run that was killed between writing a file
    and noting it loses nothing, one whose newest file is torn goes on from the one
    before, and the folder may have been moved. Which run was the last one, its own note
    says, else the noted checkpoint, else the one that was written last. Warns with the
    names of files that are passed over, broken ones and those of other runs. Files from
    before runs had an id are one run's.

    Args:
        work_dir: The run's folder.

    Returns:
        The file; None where the folder holds no checkpoint at all.

    Raises:
        TaskFileError: There are files, and none that the run can go on from.
    """
    folder = Path(work_dir)
    found: list[Found] = []
    refused: list[str] = []
    files = candidates(folder)
    for file in files:
        try:
            content = read_checkpoint(file)
        except AdaptError as error:
            refused.append(str(error))
            continue
        if 'optimizer' in content:
            found.append(looked_at(file, content))
    if found:
        return str(newest(folder, found, refused).file)
    if refused:
        raise TaskFileError(
            f'no checkpoint of {work_dir} can be resumed: '
            f'{" ".join(refused)} To start from the beginning take another '
            'work_dir, or move these files away.'
        )
    if files:
        raise TaskFileError(
            f'the checkpoints of {work_dir} hold weights alone, no optimizer: nothing '
            'can be resumed from them. To start from the beginning take another '
            'work_dir, or move these files away.'
        )
    if named := noted(folder):
        raise TaskFileError(
            f'{folder / NOTE} names {named[:80]!r}, which is not there, and '
            f'{work_dir} has no other checkpoint: what was trained is lost or '
            'elsewhere. Name the file (--resume FILE), or start from the beginning in '
            'another work_dir.'
        )
    line = read_note(folder)
    if line is not None and (line.file or line.before):
        raise TaskFileError(
            f'the last run in {work_dir} ({RUN_NOTE} names it) went on from '
            f'{line.file or "a checkpoint of this folder"}, which is not there, and '
            'wrote none of its own: what was trained is lost or elsewhere. Name the '
            'file (--resume FILE), or start from the beginning in another work_dir.'
        )
    return None


def newest(folder: Path, found: list[Found], refused: list[str]) -> Found:
    """The newest file of the last run; the others are named in a warning.

    Raises:
        TaskFileError: All are other runs'.
    """
    line = read_note(folder) or last_line(folder, found)
    own: list[tuple[int, int, Found]] = []
    others: list[str] = []
    for one in found:
        ago = line.place(one.line.run, one.iteration)
        if ago is None:
            others.append(one.file.name)
        else:
            own.append((one.iteration, -ago, one))
    if not own:
        raise TaskFileError(
            f'the last run in {folder} ({RUN_NOTE} names it) wrote no checkpoint that '
            f'is whole; {", ".join(others)} are of other runs. '
            f'{" ".join([*refused, ""])}To go on from one of them name it (--resume '
            'FILE); to start from the beginning take another work_dir.'
        )
    chosen = max(own, key=lambda entry: entry[:2])[2]
    if others:
        warnings.warn(
            f'{chosen.file.name} is resumed, the newest checkpoint of the last run in '
            f'{folder}; passed over, as of other runs: {", ".join(others)}. To go on '
            'from one of them name it (--resume FILE).',
            stacklevel=3,
        )
    for reason in refused:
        warnings.warn(
            f'passed over in {folder}, {chosen.file.name} is resumed: {reason}',
            stacklevel=3,
        )
    return chosen


def last_line(folder: Path, found: list[Found]) -> RunLine:
    """The run of the noted checkpoint, else of the one that was written last."""
    named = noted(folder)
    for one in found:
        if named and one.file == folder / named:
            return one.line
    return max(found, key=lambda one: (one.written, one.iteration)).line


def noted(work_dir: Path) -> str:
    """What the note of a run's folder names, empty where it has none."""
    note = work_dir / NOTE
    return note.read_bytes().decode(errors='replace').strip() if note.is_file() else ''


def candidates(work_dir: Path) -> list[Path]:
    """The checkpoints of a run's folder, and those that its notes name."""
    files = [*sorted(work_dir.glob('*.pth')), *sorted(work_dir.glob('*.safetensors'))]
    line = read_note(work_dir)
    for named in (noted(work_dir), line.file if line else ''):
        # of os, which takes a damaged note for the name of no file, where pathlib
        # raises
        if named and os.path.isfile(work_dir / named):
            file = work_dir / named
            if file.resolve() not in {other.resolve() for other in files}:
                files.append(file)
    return files


def looked_at(file: Path, content: Mapping[str, object]) -> Found:
    """What of a checkpoint says whether it is the newest."""
    meta = content.get('meta')
    meta = meta if isinstance(meta, Mapping) else {}
    done, written = meta.get('iter', 0), meta.get('time', '')
    return Found(
        file,
        done if isinstance(done, int) else 0,
        line_of(content),
        written if isinstance(written, str) else '',  # sorts as the time does
    )
