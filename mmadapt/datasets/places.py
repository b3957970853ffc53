"""Where what is made from a clip goes: each clip has a place of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from .lists import path_in

__all__ = ['encoded_names', 'place_of']

OUTSIDE, INSIDE = 'outside', 'inside'


def place_of(key: str) -> Path:
    """Where a clip goes below the folder that is made; two clips never meet.

    Clips that aren't below the data go to ``outside`` with their whole path. Those in a
    folder of the data with this name make way for them, to ``inside``, and so do those
    in one with that name.

    Args:
        key: The clip's path as :func:`mmadapt.datasets.lists.path_in` gives it.
    """
    path = Path(key)
    if path.is_absolute():
        return Path(OUTSIDE, *path.parts[1:])
    return Path(INSIDE, path) if path.parts[0] in (OUTSIDE, INSIDE) else path


def encoded_names(files: Iterable[Path], source: Path) -> dict[Path, Path]:
    """Original to its name below the target: its place, but mp4.

    Where another clip could have that name, whichever of its own two it gets, the
    original's ending stays in front of the new one.

    Args:
        files: Absolute paths of the originals.
        source: The folder of the data.
    """
    places = {file: place_of(path_in(file, source)) for file in files}
    short = {file: place.with_suffix('.mp4') for file, place in places.items()}
    # Of two places these are two, and never the short name that another one gets.
    long = {file: Path(f'{place}.mp4') for file, place in places.items()}
    wanted = Counter(name for file in places for name in {short[file], long[file]})
    return {
        file: name if wanted[name] == 1 else long[file] for file, name in short.items()
    }
