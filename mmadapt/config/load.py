"""Reading a config file."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from mmengine.config import Config

from ..errors import ConfigError, did_you_mean

__all__ = ['load_config']


def load_config(path: str | PathLike[str]) -> Config:
    """Read a config file.

    Args:
        path: A ``.py`` file, as in OpenMMLab.

    Raises:
        ConfigError: There is no such file.
    """
    file = Path(path)
    if not file.is_file():
        near = file.parent.glob(f'*{file.suffix}') if file.parent.is_dir() else ()
        raise ConfigError(
            f'config {str(path)!r}: no such file.{did_you_mean(file, near)}'
        )
    return Config.fromfile(file)
