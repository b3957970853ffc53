"""Keeps a parent's initialisation away from a trunk that is loaded already.

Many configs of the model zoos give the classifier an ``init_cfg`` such as
``dict(type='TruncNormal', layer='Linear')``. MMEngine applies it to every layer below,
whether a child says ``is_init`` or not, and when training starts: over a trunk that was
loaded while it was built, without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mmengine.model import base_module
from torch import nn

from ..weights.stamp import TaskStamp

__all__ = ['hidden_trunks', 'install']

_upstream_initialize = base_module.initialize


def install() -> None:
    """Let MMEngine initialise around adapted backbones; safe to call again."""
    base_module.initialize = _initialize_around_trunks


def _initialize_around_trunks(
    module: nn.Module, init_cfg: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> None:
    """MMEngine's ``initialize``, on everything but adapted backbones."""
    configs = [init_cfg] if isinstance(init_cfg, Mapping) else list(init_cfg)
    for config in configs:
        if config.get('type') == 'Pretrained':
            # A checkpoint for the whole model meets the checks of loading instead.
            _upstream_initialize(module, config)
        else:
            with hidden_trunks(module):
                _upstream_initialize(module, config)


@contextmanager
def hidden_trunks(module: nn.Module) -> Iterator[None]:
    """Take adapted backbones below ``module`` out of the module tree for a while."""
    hidden = [
        (parent, name, child)
        for parent in list(module.modules())
        for name, child in parent._modules.items()
        if child is not None and has_stamp(child)
    ]
    try:
        for parent, name, _ in hidden:
            parent._modules[name] = nn.Identity()  # keeps the order of children
        yield
    finally:
        for parent, name, child in hidden:
            parent._modules[name] = child


def has_stamp(module: nn.Module) -> bool:
    """Whether a module is an adapted backbone, loaded and stamped."""
    return isinstance(getattr(module, 'task_stamp', None), TaskStamp)
