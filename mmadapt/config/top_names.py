"""Names at the top of a config that are one slip of the pen from one that is read."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Set

from mmengine.config import Config
from mmengine.runner import Runner

from ..errors import ConfigError
from .option_roles import RUNNER_HOOKS
from .places import VARIABLES

__all__ = ['READ_BESIDE', 'check_top_names', 'is_slip']

READ_BESIDE = (
    'model_wrapper_cfg', 'sync_bn', 'find_unused_parameters', 'compile',
    'tta_model', 'tta_pipeline', 'custom_imports', 'runner_type', 'strategy',
)  # fmt: skip
"""Keys that tools and runner read beside the arguments of Runner."""


def check_top_names(cfg: Config) -> None:
    """Refuse a variable, or a default hook, that was meant to be one that is read.

    A config may have variables of its own, so MMEngine says nothing where
    ``custom_hoks`` leaves the hooks out; and beside a ``param_schduler`` among the
    default hooks it adds its own, so that the schedule takes two steps at once.

    Raises:
        ConfigError: With the name that was meant.
    """
    read = list(inspect.signature(Runner.__init__).parameters)[1:]
    check_slips(cfg, cfg.keys(), {*read, *READ_BESIDE, *VARIABLES})
    hooks = cfg.get('default_hooks')
    if isinstance(hooks, Mapping):
        check_slips(cfg, hooks.keys(), {*RUNNER_HOOKS}, 'default_hooks.')


def check_slips(cfg: Config, names: Set[str], known: Set[str], where: str = '') -> None:
    """Refuse a name that is one slip of the pen from a known one that is absent."""
    for name in names - known:
        for meant in sorted(known - names):
            if is_slip(name, meant):
                raise ConfigError(
                    f"{cfg.filename or 'the config'}: nothing reads '{where}{name}'. "
                    f"Did you mean '{where}{meant}'? What is your own needs another "
                    'name.'
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
