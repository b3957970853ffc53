"""Lists of samples: a path and a label a line."""

from __future__ import annotations

from pathlib import Path

from ..errors import DataError, did_you_mean

__all__ = ['read_list']


def read_list(file: Path) -> list[tuple[int, str, int]]:
    """The lines of a list, as (line number, path, label).

    Empty lines are passed over. The label is what follows the last blank.

    Args:
        file: A text file in UTF-8.

    Raises:
        DataError: It is missing or empty, or a line has no whole number as a label.
    """
    if not file.is_file():
        near = file.parent.iterdir() if file.parent.is_dir() else ()
        raise DataError(
            f'no list {file}: a text file with one `path label` a line is expected.'
            f'{did_you_mean(file, near)}'
        )
    entries = []
    for number, line in enumerate(file.read_text(encoding='utf-8').splitlines(), 1):
        if not line.strip():
            continue
        path, _, label = line.strip().rpartition(' ')
        if not path or not label.lstrip('-').isdigit():
            raise DataError(
                f'{file}, line {number}: {line!r} is not `path label` with a whole '
                'number as the label.'
            )
        entries.append((number, path.strip(), int(label)))
    if not entries:
        raise DataError(f'{file} has no line.')
    return entries
