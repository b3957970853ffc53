"""Sizes of a model's parts that no layer and no input can have."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.config import Config

from ..errors import ConfigError
from .places import walk

__all__ = ['check_widths']

FILLED = ('in_channels', 'input_features', 'num_classes')
SIZES = {
    'head': FILLED,
    'cls_head': FILLED,
    'neck': FILLED,
    'backbone': (
        'in_channels',
        'img_size',
        'patch_size',
        'num_frames',
        'tubelet_size',
        'embed_dims',
        'depth',
        'num_heads',
    ),
}
"""Part of a model to options that count something; a part may give one for each side
or stage."""


def check_widths(cfg: Config) -> None:
    """Refuse a size below one, which torch builds, or divides by.

    Args:
        cfg: A config, after ``--cfg-options``; None is filled later, or upstream's.

    Raises:
        ConfigError: With the option and the file of the config.
    """
    model = cfg.get('model') or {}
    for part, keys in SIZES.items():
        for path, node in walk(model.get(part), f'model.{part}'):
            for key in keys:
                value = node.get(key)
                if is_below_one(value):
                    instead = (
                        ', or None to take it from backbone and data'
                        if keys is FILLED
                        else ''
                    )
                    raise ConfigError(
                        f'{cfg.filename or "the config"}: {path}.{key} is {value}; '
                        f'allowed: a whole number from 1 on{instead}.'
                    )


def is_below_one(value: object) -> bool:
    """Whether a number, or one of several, is a whole one below 1."""
    several = isinstance(value, Sequence) and not isinstance(value, str)
    numbers = value if several else (value,)
    return any(type(number) is int and number < 1 for number in numbers)  # type: ignore[attr-defined]
