"""Keeps a parent's initialisation away from adapters, and from a trunk that is loaded.

Many configs of the model zoos give the classifier an ``init_cfg`` such as
``dict(type='TruncNormal', layer='Linear')``, and some the backbone. MMEngine applies it
to every layer below, whether a child says ``is_init`` or not, and when training starts:
over the zeros that adapters start with, and over a trunk that was loaded while it was
built, without a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.model import base_module
from torch import nn

from ..adapters import Method
from ..hosts.trunks import hidden
from ..weights.stamp import TaskStamp

__all__ = ['install']

_upstream_initialize = base_module.initialize


def install() -> None:
    """Let MMEngine initialise around both; safe to call again."""
    base_module.initialize = _initialize_around_trunks


def _initialize_around_trunks(
    module: nn.Module, init_cfg: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> None:
    """MMEngine's ``initialize``, on everything but adapters and adapted backbones."""
    configs = [init_cfg] if isinstance(init_cfg, Mapping) else list(init_cfg)
    for config in configs:
        if config.get('type') == 'Pretrained':
            # A checkpoint for the whole model meets the checks of loading instead.
            _upstream_initialize(module, config)
        else:
            with hidden(module, is_ours):
                _upstream_initialize(module, config)


def is_ours(module: nn.Module) -> bool:
    """Whether a module is an adapter, or an adapted backbone, loaded and stamped."""
    stamp = getattr(module, 'task_stamp', None)
    return isinstance(module, Method) or isinstance(stamp, TaskStamp)
