"""``holdout``: validate and test on a part of the training set."""

from __future__ import annotations

from copy import deepcopy

from ..errors import ConfigError
from .places import Node

__all__ = ['apply_holdout']

PART = 'StratifiedPart'


def apply_holdout(cfg: Node) -> None:
    """Split the training set of a config where ``holdout`` asks for it, in place.

    Raises:
        ConfigError: A fraction out of range, or a training set that is wrapped.
    """
    fraction = cfg.get('holdout') or 0.0
    if not isinstance(fraction, (int, float)) or not 0 <= fraction < 1:
        raise ConfigError(
            f'holdout={fraction!r}: the part of the training set to validate on, from '
            '0 (none) up to, not including, 1.'
        )
    loader = cfg.get('train_dataloader') or {}
    train = loader.get('dataset')
    if train is None or (not fraction and train.get('type') != PART):
        return
    if train.get('type') == PART:
        again_split(cfg, fraction)
        return
    if 'dataset' in train or 'datasets' in train:
        raise ConfigError(
            f'holdout={fraction} needs a plain training set; train_dataloader.dataset '
            f'is a {train.get("type")}. Remove the wrapper, or split the data by hand.'
        )
    for name in ('val_dataloader', 'test_dataloader'):
        if cfg.get(name):
            other = cfg[name]['dataset']
            held = deepcopy(train)
            held['pipeline'] = deepcopy(other.get('pipeline', []))
            held['test_mode'] = True
            cfg[name]['dataset'] = part(held, fraction, 'held_out')
    loader['dataset'] = part(train, fraction, 'rest')


def part(dataset: Node, fraction: float, which: str) -> Node:
    """The config of one side of the split."""
    outer = {'type': PART, 'fraction': fraction, 'part': which}
    return {**outer, 'pipeline': dataset.pop('pipeline', []), 'dataset': dataset}


def again_split(cfg: Node, fraction: float) -> None:
    """Change the fraction of a config that is split already.

    Raises:
        ConfigError: The split is to be undone, and the original sets are gone.
    """
    if not fraction:
        raise ConfigError(
            'holdout=0 on a config that was resolved with a held-out part: its own '
            'validation set is no longer in it. Start from the original config.'
        )
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = (cfg.get(name) or {}).get('dataset') or {}
        if dataset.get('type') == PART:
            dataset['fraction'] = fraction
