"""Lists of samples: a path and a label a line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DataError, ListError, did_you_mean

__all__ = [
    'Entry', 'check_labels', 'find_file', 'find_files', 'fits_a_line', 'path_in',
    'read_list',
]  # fmt: skip


class Entry(NamedTuple):
    """One line of a list.

    Attributes:
        line: Its number, from 1 on.
        path: The file, as it stands there.
        label: The class.
    """

    line: int
    path: str
    label: int


def read_list(file: Path) -> list[Entry]:
    """The lines of a list.

    Empty lines are passed over. The label is the last field, so that paths may hold
    spaces.

    Args:
        file: A text file in UTF-8.

    Raises:
        DataError: It is missing or empty, or a line is not a path and a label, or a
            file stands there twice with two labels.
    """
    if not file.is_file():
        near = file.parent.iterdir() if file.parent.is_dir() else ()
        raise DataError(
            f'no list {file}: a text file with one `path label` a line is expected.'
            f'{did_you_mean(file, near)}'
        )
    entries: dict[str, Entry] = {}
    repeated: list[Entry] = []
    problems: list[str] = []
    for number, line in enumerate(lines_of(file), start=1):
        fields = fields_of(line)
        if not fields:
            continue
        if len(fields) < 2 or not fields[1].isdecimal():
            problems.append(
                f'{file}, line {number}: {line!r} is not `path label` with a whole '
                'number from 0 on as the label.'
            )
            continue
        entry = Entry(number, fields[0], int(fields[1]))
        first = entries.setdefault(entry.path, entry)
        if first.label != entry.label:
            problems.append(
                f'{file}, line {number}: {entry.path!r} has the label {entry.label}, '
                f'and {first.label} in line {first.line}. Keep the right one.'
            )
        elif first is not entry:
            repeated.append(entry)
    refuse(problems)
    if not entries:
        raise DataError(f'{file} has no line.')
    return sorted([*entries.values(), *repeated])


def refuse(problems: Sequence[str]) -> None:
    """Raise all problems of a list at once, if there are any."""
    if problems:
        rest = len(problems) - 1
        more = f' There are {rest} more such lines.' if rest else ''
        raise ListError(f'{problems[0]}{more}', problems)


def fields_of(line: str) -> list[str]:
    """Path and label of a line, or fewer."""
    return line.strip().rsplit(maxsplit=1)


def fits_a_line(path: str) -> bool:
    """Whether a line gives back this path: no break in it, no space at its start."""
    line = f'{path} 0'
    writable = line.encode(errors='ignore').decode() == line
    return writable and line.splitlines() == [line] and fields_of(line) == [path, '0']


def lines_of(file: Path) -> list[str]:
    """The lines of a text file, without a byte order mark."""
    try:
        return file.read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise DataError(
            f'{file} is not text in UTF-8 (byte {error.start}). Save it as UTF-8.'
        ) from error


def check_labels(
    file: Path,
    entries: Sequence[Entry],
    names: Sequence[Any] | None,
    count: int | None,
    complete: bool,
) -> None:
    """Refuse labels without a class and, in training, classes without a sample.

    Args:
        file: The list, for the error.
        entries: Its lines.
        names: Names of the classes, where they are known.
        count: Number of classes, where it is given; None takes that of the names, or
            else one more than the highest label.
        complete: Whether every class needs a sample.

    Raises:
        DataError: One of the two, or names that are more or fewer than ``count``.
    """
    if names and count is not None and len(names) != count:
        raise DataError(
            f'{file}: num_classes={count}, but {len(names)} classes are named (in '
            'classes.txt or metainfo). Make them agree.'
        )
    highest = max(entry.label for entry in entries)
    known = count or (len(names) if names else highest + 1)
    refuse(
        [
            f'{file}, line {line}: label {label} has no class; there are {known} (0 to '
            f'{known - 1}). Mend the line, classes.txt or num_classes.'
            for line, _, label in entries
            if label >= known
        ]
    )
    found = Counter(entry.label for entry in entries)
    empty = [label for label in range(known) if not found[label]]
    if empty and complete:
        name = f' ({names[empty[0]]!r})' if names else ''
        first = next(entry for entry in entries if entry.label == highest)
        slip = (
            f' The highest label, {highest}, which sets the number of classes, is '
            f'first in line {first.line} ({first.path!r}); mend it if it is a slip.'
        )
        raise DataError(
            f'{file} has no sample of class {empty[0]}{name}, {len(empty)} such of '
            f'{known} classes. Labels run from 0 without a gap; every class needs a '
            'sample.' + ('' if names or count else slip)
        )


def find_file(entry: Entry, folders: Sequence[Path], source: Path) -> Path:
    """The file that a line means.

    Args:
        entry: The line; its path is absolute, or relative to one of the folders.
        folders: Where to look, in this order.
        source: The list, for the error.

    Raises:
        DataError: It is in none of them.
    """
    for folder in folders:
        file = folder / entry.path  # an absolute path stays as it is
        try:
            if file.is_file():
                return file
        except OSError as error:  # a name that is too long, a folder that is closed
            raise DataError(
                f'{source}, line {entry.line}: {entry.path[:80]!r} can not be looked '
                f'up: {error.strerror}. Mend the path, or leave the line out.'
            ) from error
    places = ', '.join(str(folder) for folder in folders)
    raise DataError(
        f'{source}, line {entry.line}: {entry.path!r} is not there; looked in {places}.'
    )


def path_in(file: Path, root: Path) -> str:
    """A path as a list in ``root`` has it: relative if below, else absolute."""
    whole, start = Path(os.path.abspath(file)), Path(os.path.abspath(root))
    if whole.is_relative_to(start):
        return whole.relative_to(start).as_posix()
    return str(whole)


def find_files(
    entries: Sequence[Entry], folders: Sequence[Path], source: Path
) -> list[Path]:
    """The files that the lines of a list mean; see :func:`find_file`.

    Raises:
        DataError: Some are in none of the folders.
    """
    files, problems = [], []
    for entry in entries:
        try:
            files.append(find_file(entry, folders, source))
        except DataError as error:
            problems.append(str(error))
    refuse(problems)
    return files
