"""Files that a config names have to be there before anything is built."""

from __future__ import annotations

from pathlib import Path

from ..errors import WeightsError, did_you_mean
from .places import Node

__all__ = ['check_load_from', 'check_weights_file']


def check_weights_file(given: str, where: str, remedy: str) -> None:
    """Refuse weights that aren't there.

    Args:
        given: The path, as it was given.
        where: What of the config it is, for the error.
        remedy: What to do.

    Raises:
        WeightsError: With the nearest name beside it.
    """
    file = Path(given).expanduser()
    if not file.is_file():
        near = file.parent.glob('*') if file.parent.is_dir() else ()
        raise WeightsError(f'{where}: no such file. {remedy}{did_you_mean(file, near)}')


def check_load_from(cfg: Node) -> None:
    """Refuse a ``load_from`` that isn't there.

    Addresses of other file systems are left to MMEngine's loader.

    Raises:
        WeightsError: The file is missing.
    """
    given = str(cfg.get('load_from') or '')
    if given and '://' not in given:
        remedy = (
            'Give the path of the weights to start from: --cfg-options load_from=FILE.'
        )
        check_weights_file(given, f'load_from={given!r}', remedy)
