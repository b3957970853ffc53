"""Models inside wrappers."""

from __future__ import annotations

from typing import Any

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn

__all__ = ['unwrapped']


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside wrappers such as DDP or test-time augmentation, or itself."""
    inner: Any = model
    while is_model_wrapper(inner) or isinstance(inner, BaseTTAModel):
        inner = inner.module
    return inner
