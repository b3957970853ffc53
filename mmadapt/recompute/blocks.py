"""How a block runs whose host computes parts of it a second time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..compiling import is_traced, run_compiled
from .halves import in_halves

__all__ = ['recomputable']


def recomputable(forward: Callable[..., Any]) -> Callable[..., Any]:
    """A block's ``forward`` that keeps what the block's ``recompute_tier`` says.

    It stands inside the block's own hooks, which run once. Without gradients, and
    below everything that trains, nothing is kept anyway, and ``forward`` runs as it is.
    Where the block has a ``block_code``, all of this is compiled.

    Args:
        forward: Of a host.
    """

    def keep(self: Any, *args: Any, **kwargs: Any) -> Any:
        tier = self.recompute_tier
        if tier == 'none' and not self.fused_mlp:
            return forward(self, *args, **kwargs)
        if not torch.is_grad_enabled() or not differentiates(self, args, kwargs):
            return forward(self, *args, **kwargs)
        if tier == 'block':
            return checkpoint(
                functools.partial(forward, self), *args, use_reentrant=False, **kwargs
            )
        return in_halves(self, tier, *args, **kwargs)

    @functools.wraps(forward)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.block_code is None or is_traced():
            return keep(self, *args, **kwargs)
        return run_compiled(keep, self, *args, **kwargs)

    run.recomputable = True  # type: ignore[attr-defined]
    return run


def differentiates(
    block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> bool:
    """Whether a block's output will require a gradient."""
    return any(
        isinstance(value, Tensor) and value.requires_grad
        for value in (*args, *kwargs.values())
    ) or any(parameter.requires_grad for parameter in block.parameters())
