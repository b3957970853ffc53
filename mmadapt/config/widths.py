"""Widths of a model's head and neck that no layer can have."""

from __future__ import annotations

from mmengine.config import Config

from ..errors import ConfigError
from .places import walk

__all__ = ['check_widths']

PARTS = ('head', 'cls_head', 'neck')
WIDTHS = ('in_channels', 'input_features', 'num_classes')


def check_widths(cfg: Config) -> None:
    """Refuse a width below one, which torch builds, and which fits no weight.

    Args:
        cfg: A config, after ``--cfg-options``; None is filled later.

    Raises:
        ConfigError: With the option and the file of the config.
    """
    model = cfg.get('model') or {}
    for part in PARTS:
        for path, node in walk(model.get(part), f'model.{part}'):
            for key in WIDTHS:
                value = node.get(key)
                if type(value) is int and value < 1:
                    raise ConfigError(
                        f'{cfg.filename or "the config"}: {path}.{key} is {value}; '
                        'allowed: a whole number from 1 on, or None to take it from '
                        'backbone and data.'
                    )
