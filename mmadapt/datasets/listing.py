"""Lists of samples: one path and one label a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from ..errors import DataError, did_you_mean
from .names import read_class_names

__all__ = ['check_labels', 'class_count', 'find_file', 'read_list']


def read_list(file: str | PathLike[str]) -> list[tuple[str, int]]:
    """Paths and labels of a list.

    A line is a path, white space and a label; the path may hold spaces, as the label is
    the last field. Empty lines don't count.

    Args:
        file: Text in UTF-8.

    Raises:
        DataError: No such file, or a line that isn't a path and a whole number.
    """
    path = Path(file)
    if not path.is_file():
        near = path.parent.iterdir() if path.parent.is_dir() else ()
        raise DataError(f'list {str(path)!r}: no such file.{did_you_mean(path, near)}')
    entries = []
    for number, line in enumerate(read_lines(path), start=1):
        fields = line.strip().rsplit(maxsplit=1)
        if not fields:
            continue
        if len(fields) < 2 or not fields[1].isdecimal():
            raise DataError(
                f'{path}, line {number}: {line.strip()!r} is not a path and a label. '
                "Write 'relative/path.ext 0', the label a whole number from 0 on."
            )
        entries.append((fields[0], int(fields[1])))
    if not entries:
        raise DataError(f'{path}: no line. Write one path and one label a line.')
    return entries


def read_lines(file: Path) -> list[str]:
    """The lines of a text file, without a byte order mark."""
    try:
        return file.read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise DataError(
            f'{file} is not text in UTF-8 (byte {error.start}). Save it as UTF-8.'
        ) from error


def class_count(file: Path, names: Sequence[str] | None, given: int | None) -> int:
    """Number of classes that the labels of a list are counted in.

    Args:
        file: The list.
        names: Names of the classes, None where nothing names them.
        given: The number that a config states, None where it doesn't.

    Returns:
        The number stated, else that of the names, else one more than the highest label
        of the training list (``train`` with the same ending, beside the list).

    Raises:
        DataError: Names and number differ.
    """
    if given is not None and names and len(names) != given:
        raise DataError(
            f'num_classes={given}, but {len(names)} classes are named for {file} '
            '(classes.txt or metainfo). Make them agree.'
        )
    if given is not None:
        return given
    if names:
        return len(names)
    train = file.with_name(f'train{file.suffix}')
    counted = train if train.is_file() else file
    return 1 + max(label for _, label in read_list(counted))


def check_labels(
    file: Path, labels: Sequence[int], count: int, complete: bool
) -> None:
    """Refuse labels that no class has and, in training, classes without a sample.

    Args:
        file: The list, for the error.
        labels: Its labels.
        count: Number of classes.
        complete: Whether every class needs a sample.

    Raises:
        DataError: With the first such label or class.
    """
    found = Counter(labels)
    outside = sorted(label for label in found if label >= count)
    if outside:
        raise DataError(
            f'{file}: label {outside[0]} is out of range: there are {count} classes, '
            f'0 to {count - 1}. Mend the list, classes.txt or num_classes.'
        )
    empty = [label for label in range(count) if not found[label]]
    if empty and complete:
        names = read_class_names(file.parent)
        name = f' ({names[empty[0]]!r})' if names and len(names) == count else ''
        raise DataError(
            f'{file}: class {empty[0]}{name} has no sample, of {count} classes '
            f'({len(empty)} without). Every class needs one; add samples, or remove '
            'the class.'
        )


def find_file(entry: str, folders: Sequence[Path], source: Path) -> Path:
    """The file that a line of a list means.

    Args:
        entry: An absolute path, or one relative to one of the folders.
        folders: Where to look, in this order.
        source: The list, for the error.

    Raises:
        DataError: It is in none of them.
    """
    candidates = [folder / entry for folder in folders]  # an absolute entry stays so
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    looked = ' and '.join(repr(str(c)) for c in dict.fromkeys(candidates))
    raise DataError(f'{source} names {entry!r}, but there is no file {looked}.')
