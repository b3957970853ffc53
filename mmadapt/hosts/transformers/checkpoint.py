"""Re-entrant checkpoints of transformers, which wrap a layer as a whole."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..base import AdapterHost

__all__ = ['LayerHost']


class LayerHost(AdapterHost):
    """Mixin of every host of a layer of transformers.

    ``gradient_checkpointing_enable`` takes ``use_reentrant=True``, with which nothing
    in a layer learns whose input requires no gradient, as behind a frozen stem: in
    training, an input that is checkpointed requires one.
    """

    def __call__(self, hidden_states: Tensor, *args: Any, **options: Any) -> Any:
        """The layer's output for tokens ``hidden_states`` of shape ``(B, N, C)``."""
        checkpointed = self.training and getattr(self, 'gradient_checkpointing', False)
        if checkpointed and torch.is_grad_enabled() and not hidden_states.requires_grad:
            hidden_states = hidden_states.detach().requires_grad_()
        return super().__call__(hidden_states, *args, **options)
