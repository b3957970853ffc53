"""Hooks and samplers whose work kept activations would undo."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from mmengine.hooks import Hook
from torch.utils.data import DataLoader

from ..errors import ConfigError, class_name

__all__ = ['check_hooks', 'check_sampler', 'classes']

SWITCHING = {'mmpretrain.engine.hooks': 'SwitchRecipeHook'}
"""Hooks that set another pipeline in the midst of a training: module to class."""

REPEATING = {
    'mmpretrain.datasets.samplers': 'RepeatAugSampler',
    'timm.data.distributed_sampler': 'RepeatAugSampler',
}
"""Samplers that give a sample several times an epoch, each to be drawn anew."""


def check_hooks(hooks: Iterable[Hook]) -> None:
    """Refuse a hook that changes the pipeline while it is no longer read.

    Args:
        hooks: Of the run.

    Raises:
        ConfigError: With its class.
    """
    for hook in hooks:
        if isinstance(hook, classes(SWITCHING)):
            raise ConfigError(
                f'{class_name(type(hook))} sets another pipeline, augmentation or loss '
                'in the midst of the training, and from kept activations no pipeline '
                'is read any more. Take the hook out, or train without the cache.'
            )


def check_sampler(loader: DataLoader[Any]) -> None:
    """Refuse a sampler that gives a sample more than once an epoch.

    Args:
        loader: Of the training set.

    Raises:
        ConfigError: With its class.
    """
    inner = getattr(loader.batch_sampler, 'sampler', None)
    for sampler in (loader.sampler, loader.batch_sampler, inner):
        if isinstance(sampler, classes(REPEATING)):
            raise ConfigError(
                f'{class_name(type(sampler))} gives a sample several times an epoch, '
                'for several draws of it, and from kept activations they would all be '
                "the same. Take sampler=dict(type='DefaultSampler', shuffle=True) with "
                'PrefixCacheHook(views=n), or train without the cache.'
            )


def classes(names: Mapping[str, str]) -> tuple[type, ...]:
    """Those that are loaded: of another class there can be no instance.

    Args:
        names: Module to class.
    """
    found = (getattr(sys.modules.get(m), name, None) for m, name in names.items())
    return tuple(kind for kind in found if isinstance(kind, type))
