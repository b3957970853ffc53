"""Files and folders that a user asks a prediction for."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from mmengine.config import Config

from ..datasets.photo_check import check_pixels
from ..datasets.photos import EXTENSIONS
from ..errors import ConfigError, DataError

__all__ = ['KINDS', 'check_content', 'check_kind', 'find_inputs', 'kind_of']

KINDS = {'mmpretrain': 'image', 'mmaction': 'video'}
"""Library -> what its models read."""

SUFFIXES = {
    'image': EXTENSIONS,
    'video': ('.mp4', '.avi', '.mkv', '.webm', '.mov', '.mpg', '.mpeg', '.flv'),
}


def kind_of(cfg: Config) -> str:
    """What the model of a config reads, ``'image'`` or ``'video'``.

    Raises:
        ConfigError: A config of another library.
    """
    scope = cfg.get('default_scope')
    if scope not in KINDS:
        raise ConfigError(
            f'{cfg.filename} has default_scope={scope!r}; prediction knows '
            f'{", ".join(KINDS)}.'
        )
    return KINDS[scope]


def find_inputs(paths: Sequence[str | PathLike[str]], kind: str) -> list[Path]:
    """The files meant by some files and folders; folders are searched to the bottom.

    Args:
        paths: Files and folders.
        kind: ``'image'`` or ``'video'``.

    Raises:
        DataError: A path that doesn't exist, a folder with no such file.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if not path.is_dir():
            check_kind(path, kind)
            found.append(path)
            continue
        inside = sorted(
            file
            for file in path.rglob('*')
            if file.is_file() and file.suffix.lower() in SUFFIXES[kind]
        )
        if not inside:
            raise DataError(
                f"folder '{path}' has no {kind}; looked for "
                f'{", ".join(SUFFIXES[kind])}.'
            )
        found += inside
    return found


def check_kind(path: str | PathLike[str], kind: str) -> None:
    """Refuse a file that isn't there, or is known to be of the other kind.

    Raises:
        DataError: One of the two.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"{kind} '{path}' does not exist.")
    for other, suffixes in SUFFIXES.items():
        if other != kind and file.suffix.lower() in suffixes:
            article = 'an' if other == 'image' else 'a'
            raise DataError(f"'{path}' is {article} {other}; this model reads {kind}s.")


def check_content(path: str | PathLike[str], kind: str) -> None:
    """Refuse a file with damage that its decoder would patch up without a word.

    It is decoded once more, by a decoder that stops at a fault.

    Raises:
        DataError: The file is cut off or damaged.
    """
    if kind == 'image':
        check_pixels(str(path))
        return
    from ..datasets.video_check import check_whole  # needs PyAV, as clips alone do

    try:
        check_whole(Path(path))
    except DataError as error:
        raise DataError(
            f"video '{path}' can't be read ({error}). Get it again; if that is all "
            'there is of it, re-encode it.'
        ) from error
