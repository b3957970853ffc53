"""Reading a config file."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from mmengine.config import Config
from mmengine.config.utils import ConfigParsingError

from ..errors import ConfigError, did_you_mean

__all__ = ['load_config']


def load_config(path: str | PathLike[str]) -> Config:
    """Read a config file.

    Args:
        path: A ``.py`` file, as in OpenMMLab.

    Raises:
        ConfigError: There is no such file, or one that it is based on; or it is no
            Python, or fails when it is run.
    """
    file = Path(path)
    if file.is_dir():
        raise ConfigError(f'config {str(path)!r} is a folder: name a file in it.')
    if not file.is_file():
        near = file.parent.glob(f'*{file.suffix}') if file.parent.is_dir() else ()
        raise ConfigError(
            f'config {str(path)!r}: no such file.{did_you_mean(file, near)}'
        )
    try:
        return Config.fromfile(file)
    except SyntaxError as error:
        named = error.filename if error.filename != '<unknown>' else None
        place = f'{named or file}, line {error.lineno}'
        raise ConfigError(f'config {str(path)!r}: {place}: {error.msg}.') from error
    except (FileNotFoundError, ConfigParsingError, AssertionError) as error:
        raise ConfigError(
            f'config {str(path)!r} is based on a config that is not there: {error}. '
            "Look at its _base_; 'mmpretrain::FOLDER/NAME.py' and "
            "'mmaction::FOLDER/NAME.py' name those of the two libraries."
        ) from error
    # A config is Python, which can fail in any way.
    except Exception as error:
        raise ConfigError(
            f'config {str(path)!r} can not be read: {type(error).__name__}: {error}.'
        ) from error
