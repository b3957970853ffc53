"""A pre-norm block as two halves, each of which can be computed a second time."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import (
    checkpoint,
    create_selective_checkpoint_contexts,
)

from .. import head_attention  # noqa: F401 - registers its operator
from .fused import fused_mlp, unfit

__all__ = ['Halves', 'in_halves']

ATTENTION_KERNELS = [
    torch.ops.mmadapt.attention_by_head.default,
    *(
        getattr(torch.ops.aten, name).default
        for name in (
            '_scaled_dot_product_flash_attention',
            '_scaled_dot_product_flash_attention_for_cpu',
            '_scaled_dot_product_efficient_attention',
            '_scaled_dot_product_cudnn_attention',  # not in every release
        )
        if hasattr(torch.ops.aten, name)
    ),
]
"""Their outputs are kept; q, k and v in front of them are not."""

ROUTED = 'respect_saved_tensors_hooks'
NEW: dict[str, Any] = (
    {ROUTED: True} if ROUTED in inspect.signature(checkpoint).parameters else {}
)
"""Options that older releases of torch don't have: what is kept passes the hooks that
are at work around the block, as all other kept tensors do."""


@dataclass(frozen=True)
class Halves:
    """The parts of a block that computes x' = x + attn(LN(x)), x' + mlp(LN(x')).

    Attributes:
        attn_norm: The first LN.
        attn: The first branch, stochastic depth and layer scale included.
        mlp_norm: The second LN.
        mlp: The second branch, likewise.
        linears: The two linear layers of the MLP where it is nothing else but these
            around an exact GELU; None where there is more to it.
    """

    attn_norm: Callable[[Tensor], Tensor]
    attn: Callable[[Tensor], Tensor]
    mlp_norm: Callable[[Tensor], Tensor]
    mlp: Callable[[Tensor], Tensor]
    linears: tuple[torch.nn.Linear, torch.nn.Linear] | None = None


def in_halves(block: Any, tier: str, x: Tensor) -> Tensor:
    """The output of a block for tokens ``x`` of shape ``(B, N, C)``.

    Args:
        block: A host that says what its halves are.
        tier: ``'none'``, ``'mlp'`` or ``'mlp+qkv'``.
        x: The tokens.
    """
    halves: Halves = block.halves()

    def attention(x: Tensor) -> Tensor:
        return halves.attn(halves.attn_norm(x))

    def mlp(x: Tensor) -> Tensor:
        return halves.mlp(halves.mlp_norm(x))

    h = keep_attention(attention, x) if tier == 'mlp+qkv' else attention(x)
    x = block.close_attn(x, h, halves.attn_norm)
    if block.fused_mlp and unfit(block, halves, x) is None:
        return fused_mlp(block, halves, x, keep=tier == 'none')
    h = mlp(x) if tier == 'none' else checkpoint(mlp, x, use_reentrant=False)
    return block.close_mlp(x, h, halves.mlp_norm)  # type: ignore[no-any-return]


def keep_attention(branch: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """A branch that keeps its input and the output of its attention kernel alone.

    Where no kernel of :data:`ATTENTION_KERNELS` runs, its input alone.
    """
    contexts = partial(create_selective_checkpoint_contexts, ATTENTION_KERNELS)
    return checkpoint(  # type: ignore[no-any-return]
        branch, x, use_reentrant=False, context_fn=contexts, **NEW
    )
