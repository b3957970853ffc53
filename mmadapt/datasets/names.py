"""Class names beside the data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import DataError
from .lists import lines_of

__all__ = ['folder_names', 'read_class_names']


def read_class_names(root: Path) -> list[str] | None:
    """The lines of ``classes.txt`` in a folder, None where there is no such file.

    Raises:
        DataError: A name stands there twice, or none at all.
    """
    file = root / 'classes.txt'
    if not file.is_file():
        return None
    names = [line.strip() for line in lines_of(file) if line.strip()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or twice:
        found = f'{twice[0]!r} twice' if twice else 'no name'
        raise DataError(f'{file}: {found}. Write one class a line, in label order.')
    return names


def folder_names(folder: Path) -> list[str]:
    """Names of the folders in a folder, sorted, hidden ones left out."""
    return sorted(visible(p.name for p in folder.iterdir() if p.is_dir()))


def visible(names: Iterable[str]) -> list[str]:
    """Names that don't start with a dot."""
    return [name for name in names if not name.startswith('.')]
