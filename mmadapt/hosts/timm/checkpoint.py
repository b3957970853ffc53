"""Re-entrant checkpoints of timm, which wrap blocks as a whole."""

from __future__ import annotations

from typing import Any

import timm.layers
import torch
from torch import Tensor

from ...errors import ConfigError
from ..base import AdapterHost

__all__ = ['BlockHost']

REENTRANT = getattr(timm.layers, 'use_reentrant_ckpt', lambda: False)
"""Whether timm's checkpoints are re-entrant, which is no option of the model."""


class BlockHost(AdapterHost):
    """Mixin of every host of a block of timm.

    timm's own checkpoints are not re-entrant, unless ``set_reentrant_ckpt(True)`` says
    so: nothing in a block would learn then, behind a frozen stem.
    """

    def __call__(self, x: Tensor, *args: Any, **options: Any) -> Any:
        """The block's output for ``x``.

        Raises:
            ConfigError: Inside such a checkpoint.
        """
        apart = self.training and not torch.is_grad_enabled() and not x.requires_grad
        if apart and REENTRANT() and not torch.is_inference_mode_enabled():
            raise ConfigError(
                'timm.layers.set_reentrant_ckpt(True): inside re-entrant activation '
                'checkpoints the adapters would get no gradient. Call '
                'set_reentrant_ckpt(False), which is the default; and model.eval() '
                'for a forward pass without gradients.'
            )
        return super().__call__(x, *args, **options)
