"""Where a user has a download."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError, did_you_mean

__all__ = ['find_source', 'link']


def find_source(source: Path, *names: str) -> Path:
    """The first of some files or folders that is there.

    Args:
        source: What the user gave: one of them, or the folder that holds it.
        names: Their names, the preferred one first.

    Raises:
        DataError: None of them is there.
    """
    own = source.absolute().name  # of '.', too
    for name in names:
        if own == name and source.exists():
            return source
        if (source / name).exists():
            return source / name
    near = [p.name for p in source.iterdir()] if source.is_dir() else []
    raise DataError(
        f'{source} has none of {", ".join(names)}. Give the folder of the download, or '
        f'the file itself.{did_you_mean(names[0], near)}'
    )


def link(original: Path, place: Path) -> None:
    """Make a file or folder appear at another place, without a copy.

    Raises:
        DataError: Something else is at that place.
    """
    if place.exists() and place.resolve() == original.resolve():
        return
    if place.is_symlink():
        place.unlink()  # a link that an earlier call made, to a folder that moved
    if place.exists():
        raise DataError(
            f'{place} is there already, and is not {original}. Give another --out, or '
            'check what is there with --check-only.'
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(original.resolve())
