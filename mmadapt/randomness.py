"""Runs that give the same weights, bit by bit."""

from __future__ import annotations

import os
from collections.abc import Mapping

from mmengine.config import Config

from .errors import ConfigError

__all__ = ['check_randomness', 'make_deterministic']

WORKSPACE = ':4096:8'
"""What cuBLAS needs to be deterministic, without which torch refuses to multiply."""


def check_randomness(cfg: Config) -> None:
    """Refuse a ``randomness`` that is no dict.

    Raises:
        ConfigError: With what it is.
    """
    randomness = cfg.get('randomness')
    if randomness is not None and not isinstance(randomness, Mapping):
        raise ConfigError(
            f'{cfg.filename or "the config"}: randomness is {randomness!r}, no dict; '
            'write for example randomness = dict(seed=0).'
        )


def make_deterministic(cfg: Config) -> None:
    """Ask for the same weights each time, in place.

    The same seed, number of processes and threads, machine and versions are needed
    too. Where the config has no seed, it becomes 0. An operation that torch has no
    deterministic form of is an error then.

    Args:
        cfg: The config of a training.
    """
    os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', WORKSPACE)
    randomness = dict(cfg.get('randomness') or {})
    if randomness.get('seed') is None:
        randomness['seed'] = 0
    cfg.randomness = {**randomness, 'deterministic': True}
    if cfg.get('env_cfg') and cfg.env_cfg.get('cudnn_benchmark'):
        cfg.env_cfg.cudnn_benchmark = False
