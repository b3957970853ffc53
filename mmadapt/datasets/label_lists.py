"""Lists of photos with any number of labels each, in three forms.

``.csv``
    ``path,label,label...``; a cell may hold several labels with commas between, in
    quotes. A first line that begins with ``path`` is a heading.
``.jsonl``
    ``{"path": "a photo.jpg", "labels": ["sea", "boat"]}`` a line.
``.txt``
    ``path label,label...``, a space or a tab between; after a tab labels may hold
    spaces. ``-`` is no label.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..errors import DataError, did_you_mean
from .lists import lines_of

__all__ = ['ENDINGS', 'LabelledFile', 'find_list', 'read_label_list']

ENDINGS = ('.csv', '.jsonl', '.txt')


class LabelledFile(NamedTuple):
    """One line of a list.

    Attributes:
        line: Its number, from 1 on.
        path: The file, as it stands there.
        labels: Names of its classes.
    """

    line: int
    path: str
    labels: tuple[str, ...]


def find_list(root: Path, part: str) -> Path:
    """The list of a part of the data.

    Raises:
        DataError: There is none, or more than one.
    """
    found = [root / f'{part}{e}' for e in ENDINGS if (root / f'{part}{e}').is_file()]
    if len(found) > 1:
        raise DataError(
            f'{root} has {" and ".join(file.name for file in found)}, and which of '
            'them counts is not known. Keep one.'
        )
    if not found:
        near = root.iterdir() if root.is_dir() else ()
        hint = (
            ''
            if part == 'train'
            else (
                ' Without one, hold out a fifth of the training set (--cfg-options '
                "holdout=0.2), or don't validate (--no-validate)."
            )
        )
        raise DataError(
            f'no list {root / part}.csv, .jsonl or .txt: a photo and its labels a line '
            'are expected in data_root, --cfg-options data_root=FOLDER.'
            f'{did_you_mean(root / part, near)}{hint}'
        )
    return found[0]


def read_label_list(file: Path) -> list[LabelledFile]:
    """The lines of a list; empty ones are passed over.

    Args:
        file: Its ending says its form.

    Raises:
        DataError: It is empty, or a line is not of that form.
    """
    readers = {'.csv': from_csv, '.jsonl': from_json, '.txt': from_text}
    entries = list(readers[file.suffix](file))
    if not entries:
        raise DataError(f'{file} has no line.')
    return entries


def from_csv(file: Path) -> Iterator[LabelledFile]:
    """``path,label,label...``."""
    rows = csv.reader(lines_of(file), skipinitialspace=True)
    for row in rows:
        if not any(row) or (rows.line_num == 1 and row[0].strip() == 'path'):
            continue
        if not row[0].strip():
            raise DataError(f'{file}, line {rows.line_num}: no path in {row}.')
        cells = [label for cell in row[1:] for label in cell.split(',')]
        yield LabelledFile(rows.line_num, row[0].strip(), stripped(cells))


def from_json(file: Path) -> Iterator[LabelledFile]:
    """An object a line."""
    for number, line in enumerate(lines_of(file), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            path, labels = entry['path'], entry['labels']
        except (ValueError, KeyError, TypeError) as error:
            raise not_of_form(file, number, line) from error
        if not isinstance(path, str) or not isinstance(labels, list):
            raise not_of_form(file, number, line)
        yield LabelledFile(number, path, stripped([str(label) for label in labels]))


def from_text(file: Path) -> Iterator[LabelledFile]:
    """``path label,label...``."""
    for number, line in enumerate(lines_of(file), start=1):
        if not line.strip():
            continue
        tab = '\t' in line
        fields = line.split('\t', 1) if tab else line.strip().rsplit(maxsplit=1)
        if len(fields) < 2:
            raise DataError(
                f'{file}, line {number}: {line!r} is not `path label,label`; for a '
                'photo without a label write `path -`.'
            )
        path, labels = fields[0].strip(), fields[1].strip()
        cells = [] if labels == '-' else labels.split(',')
        yield LabelledFile(number, path, stripped(cells))


def stripped(labels: list[str]) -> tuple[str, ...]:
    """Labels without spaces around them, empty ones left out."""
    return tuple(label.strip() for label in labels if label.strip())


def not_of_form(file: Path, number: int, line: str) -> DataError:
    """The error for a line of JSON that means nothing."""
    return DataError(
        f'{file}, line {number}: {line!r} is not {{"path": "a.jpg", "labels": '
        '["sea"]}.'
    )
