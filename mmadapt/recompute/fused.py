"""The second half of a frozen block and its adapter as one differentiable function.

    y = x' + W2 GELU(W1 LN(x') + b1) + b2 + s (Wup ReLU(Wdown x' + bdown) + bup)

Eq. 4 of `AdaptFormer <https://arxiv.org/abs/2205.13535>`_, differentiated by hand: the
scale and both skips are folded into the products, and the backward pass writes over
what it has read. Autograd would keep no less, but pass over the tokens more often.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..adapters import AdaptMLP
from ..linear import linear
from ..parts import class_of, in_parts

if TYPE_CHECKING:
    from .halves import Halves

__all__ = ['fused_mlp', 'unfit']


def unfit(block: Any, halves: Halves, x: Tensor | None = None) -> str | None:
    """Why the function can't stand for the half of a block; None where it can.

    Args:
        block: A host.
        halves: Its parts.
        x: What the half reads; None leaves out what depends on it.
    """
    norm, adapter = halves.mlp_norm, getattr(block, 'adapter', None)
    if halves.linears is None:
        return 'its MLP is not two linear layers around an exact GELU'
    if type(norm) is not nn.LayerNorm or norm.weight is None or norm.bias is None:
        return 'the norm of its MLP is no LayerNorm with weight and bias'
    parts = (norm, *halves.linears)
    if any(p.requires_grad for part in parts for p in part.parameters()):
        return 'its own weights train'
    if adapter is not None and not is_plain(adapter):
        return "its adapter is no parallel AdaptMLP on x' with a fixed scale"
    if x is None:
        return None
    if torch.is_autocast_enabled(x.device.type) or torch.compiler.is_compiling():
        return 'autocast or a compiler is at work'
    if any(in_parts(weight) for part in parts for weight in part.parameters()):
        return 'its weights are gathered by calling its modules'
    weights = (
        p for part in (*parts, *filter(None, (adapter,))) for p in part.parameters()
    )
    if any(weight.dtype is not x.dtype for weight in weights):
        return 'its weights are of several precisions'
    return None


def is_plain(adapter: nn.Module) -> bool:
    """Whether an adapter is the one of the function."""
    return (
        class_of(adapter) is AdaptMLP
        and adapter.mode == 'parallel'
        and adapter.input == 'pre_norm'
        and adapter.norm is None
        and isinstance(adapter.scale, float)
    )


def fused_mlp(block: Any, halves: Halves, x: Tensor, keep: bool) -> Tensor:
    """The block's output for ``x`` = x' of shape ``(B, N, C)``.

    Args:
        block: A host for which :func:`unfit` is None.
        halves: Its parts.
        x: The residual stream behind the attention.
        keep: Whether the hidden layer of the MLP is kept for the backward pass, or
            computed again.
    """
    norm: Any = halves.mlp_norm
    first, second = halves.linears  # type: ignore[misc]
    frozen = Frozen(norm, first, second)
    adapter = getattr(block, 'adapter', None)
    apart = adapter is not None and in_parts(adapter.down.weight)
    if adapter is None or apart:
        options, learnt = (keep, 0.0, 0.0), (None, None, None, None)
    else:
        dropout = adapter.dropout if adapter.training else 0.0
        options = (keep, adapter.scale, dropout)
        learnt = (*adapter.down.parameters(), *adapter.up.parameters())
    y = _FusedMLP.apply(x, frozen, options, *learnt)
    # An adapter that is dealt out is gathered by calling it.
    return y + adapter(x) if apart else y  # type: ignore[misc, no-any-return]


class Frozen:
    """The weights that don't train."""

    def __init__(self, norm: nn.LayerNorm, first: nn.Linear, second: nn.Linear) -> None:
        self.norm, self.first, self.second = norm, first, second

    def normed(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """LN(x), and the mean and the reciprocal deviation of each token."""
        norm = self.norm
        return torch.native_layer_norm(  # type: ignore[return-value]
            x, norm.normalized_shape, norm.weight, norm.bias, norm.eps
        )

    def hidden(self, x: Tensor) -> Tensor:
        """W1 LN(x) + b1."""
        first = self.first
        return linear(first, self.normed(x)[0], first.weight, first.bias)


class _FusedMLP(torch.autograd.Function):
    """See the module; ``(M, C)`` tokens inside."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        x: Tensor,
        frozen: Frozen,
        options: tuple[bool, float, float],
        down: Tensor | None,
        down_bias: Tensor | None,
        up: Tensor | None,
        up_bias: Tensor | None,
    ) -> Tensor:
        keep, scale, dropout = options
        flat = x.reshape(-1, x.shape[-1])
        normed, mean, rstd = frozen.normed(flat)
        first, second = frozen.first, frozen.second
        hidden = linear(first, normed, first.weight, first.bias)
        del normed
        through = ctx.needs_input_grad[0]
        active = F.gelu(hidden) if keep and through else torch.ops.aten.gelu_(hidden)
        y = linear(second, active, second.weight, second.bias)
        del active
        y.add_(flat)
        narrow = None
        if down is not None:
            assert up is not None and up_bias is not None
            narrow = linear(first, flat, down, down_bias).relu_()
            if dropout:
                narrow.mul_(F.dropout(torch.ones_like(narrow), dropout))
            y.addmm_(narrow, up.t(), alpha=scale).add_(up_bias, alpha=scale)
        kept = hidden if keep and through else None
        statistics = (mean, rstd) if through else (None, None)
        ctx.save_for_backward(flat, kept, *statistics, narrow, down, up)
        ctx.frozen, ctx.scale, ctx.gain = frozen, scale, 1 / (1 - dropout)
        return y.view_as(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        x, hidden, mean, rstd, narrow, down, up = ctx.saved_tensors
        shape, dy = dy.shape, dy.reshape(x.shape)
        dx = None
        if ctx.needs_input_grad[0]:
            frozen, norm = ctx.frozen, ctx.frozen.norm
            if hidden is None:
                hidden = frozen.hidden(x)
            first, second = frozen.first, frozen.second
            wide = linear(second, dy, second.weight.t(), None)
            torch.ops.aten.gelu_backward.grad_input(wide, hidden, grad_input=wide)
            del hidden
            dx = torch.ops.aten.native_layer_norm_backward(
                linear(first, wide, first.weight.t(), None),
                x,
                norm.normalized_shape,
                mean,
                rstd,
                norm.weight,
                norm.bias,
                [True, False, False],
            )[0]
            del wide
            dx.add_(dy)
        if narrow is None:
            return (None if dx is None else dx.view(shape), *[None] * 6)
        multiply = partial(linear, ctx.frozen.first)
        dnarrow = multiply(dy, up.t(), None).mul_(narrow > 0)
        dnarrow.mul_(ctx.scale * ctx.gain)
        if dx is not None:
            dx = dx.addmm_(dnarrow, down).view(shape)
        return (
            dx,
            None,
            None,
            multiply(dnarrow.t(), x.t(), None),
            dnarrow.sum(0),
            multiply(dy.t(), narrow.t(), None).mul_(ctx.scale),
            dy.sum(0).mul_(ctx.scale),
        )
