"""A config that can't be built ends in an error that says which part, and why."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.config import Config
from torch import cuda

from ..ending import NO_SPACE
from ..errors import AdaptError, ConfigError, did_you_mean
from .accepts import known_names
from .data import scope_of
from .option_roles import registry_of, takes
from .places import Node, walk

__all__ = ['config_errors']

UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'")
UNKNOWN = re.compile(r"^['\"]?([\w.]+) is not in the ")


@contextmanager
def config_errors(cfg: Config) -> Iterator[None]:
    """Errors of the libraries, while they build what a config says, become one of ours.

    It holds their text and the place it comes from, and where a name is wrong the part
    of the config and the nearest name.

    Args:
        cfg: What is built.

    Raises:
        ConfigError: In place of another error; a full disk, or memory that is used up,
            are none of the config's.
    """
    try:
        yield
    except (AdaptError, MemoryError, cuda.OutOfMemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            raise
        raise ConfigError(
            f'{cfg.filename or "the config"} can not be obeyed: '
            f'{explained(cfg, error)} ({place_of(error)})'
        ) from error


def explained(cfg: Config, error: Exception) -> str:
    """What an error of MMEngine's registries means in the config, else its own text."""
    text = str(error.args[0]) if error.args else str(error)
    if (found := UNEXPECTED.search(text)) and (row := unexpected(cfg, found[1])):
        return row
    if (found := UNKNOWN.search(text)) and (row := unknown(cfg, found[1])):
        return row
    return f'{type(error).__name__}: {text.strip() or "no reason given"}'


def unexpected(cfg: Config, name: str) -> str:
    """Which part has an option of that name that its class doesn't take."""
    with scope_of(cfg):
        for path, node in parts(cfg):
            known = takes(path, node) if name in node else None
            if known is not None and name not in known[1]:
                allowed = sorted({n for n in known[1] if not n.startswith('_')})
                return (
                    f'{known[0]} ({path}) has no option {name!r}; allowed: '
                    f'{", ".join(allowed)}.{did_you_mean(name, allowed)}'
                )
    return ''


def unknown(cfg: Config, kind: str) -> str:
    """Which part has a type of that name, that is none."""
    for path, node in parts(cfg):
        if node.get('type') != kind:
            continue
        registry = registry_of(path)
        if registry is None:
            return f'no class is called {kind!r} ({path}.type).'
        with scope_of(cfg):
            near = did_you_mean(kind, known_names(registry))
        return f'no {registry.name} is called {kind!r} ({path}.type).{near}'
    return ''


def parts(cfg: Config) -> Iterator[tuple[str, Node]]:
    """Every dict in a config, with its dotted path."""
    for name, value in cfg.items():
        yield from walk(value, name)


def place_of(error: BaseException) -> str:
    """File and line in which an error came up; of the first of a chain."""
    while error.__cause__ is not None:
        error = error.__cause__
    frames = traceback.extract_tb(error.__traceback__)
    return f'{frames[-1].filename}, line {frames[-1].lineno}' if frames else 'no place'
