"""Names at the top of a config that are one slip of the pen from one that is read."""

from __future__ import annotations

import inspect

from mmengine.config import Config
from mmengine.runner import Runner

from ..errors import ConfigError
from .places import VARIABLES

__all__ = ['READ_BESIDE', 'check_top_names', 'is_slip']

READ_BESIDE = (
    'model_wrapper_cfg', 'sync_bn', 'find_unused_parameters', 'compile',
    'tta_model', 'tta_pipeline', 'custom_imports', 'runner_type', 'strategy',
)  # fmt: skip
"""Keys that tools and runner read beside the arguments of Runner."""


def check_top_names(cfg: Config) -> None:
    """Refuse a variable that was meant to be one that is read.

    A config may have variables of its own, so MMEngine says nothing where
    ``custom_hoks`` leaves the hooks out.

    Raises:
        ConfigError: With the name that was meant.
    """
    read = list(inspect.signature(Runner.__init__).parameters)[1:]
    known = {*read, *READ_BESIDE, *VARIABLES}
    for name in cfg.keys() - known:
        for meant in sorted(known - cfg.keys()):
            if is_slip(name, meant):
                raise ConfigError(
                    f'{cfg.filename or "the config"}: nothing reads {name!r}. Did you '
                    f'mean {meant!r}? A variable of your own needs another name.'
                )


def is_slip(word: str, meant: str) -> bool:
    """Whether a word has a letter too many, too few, another, or two turned round."""
    if word == meant:
        return False
    start = 0
    while start < min(len(word), len(meant)) and word[start] == meant[start]:
        start += 1
    one, other = word[start:], meant[start:]
    return (
        one[1:] == other
        or one == other[1:]
        or one[1:] == other[1:]
        or (one[:2] == other[:2][::-1] and one[2:] == other[2:])
    )
