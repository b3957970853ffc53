"""Attention of one head after the other, by oneDNN's products, on a CPU in float32.

torch's kernel multiplies by MKL in small tiles. Where oneDNN is the quicker library and
tokens are many, a head at a time takes two thirds of its time (docs/performance.md).
As that kernel it keeps the output and one number a token, never the probabilities.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor

from .linear import product

__all__ = [
    'LEAST_TOKENS',
    'MOST_THREADS',
    'MOST_TOKENS',
    'attend_by_head',
    'attention_by_head',
    'attention_by_head_backward',
    'pays',
]

LEAST_TOKENS, MOST_TOKENS = 512, 4096
"""Below, a head is too small for two threads; above, its scores take too much room."""

MOST_THREADS = 2
"""They share a head, where torch's kernel gives each its own; more weren't measured."""


def pays(count: int) -> bool:
    """Whether attention of so many tokens is quicker head by head."""
    few = torch.get_num_threads() <= MOST_THREADS
    return few and LEAST_TOKENS <= count <= MOST_TOKENS


def attend_by_head(q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
    """``softmax(scale q k^T) v``, ``(B, H, N, D)``, laid out as ``(B, N, H, D)``.

    Args:
        q: Queries ``(B, H, N, D)`` in float32 on a CPU.
        k: Keys, likewise.
        v: Values, likewise.
        scale: What the scores are multiplied with.
    """
    output: Tensor = attention_by_head(q, k, v, scale)[0]
    return output


@torch.library.custom_op('mmadapt::attention_by_head', mutates_args=())
def attention_by_head(
    q: Tensor, k: Tensor, v: Tensor, scale: float
) -> tuple[Tensor, Tensor]:
    """Output ``(B, H, N, D)``, and the log-sum-exp of the scores ``(B, H, N)``.

    An operator of its own, so that selective recomputation can keep its outputs.
    """
    batch, heads, count, width = q.shape
    output = q.new_empty(batch, count, heads, width)
    lse = q.new_empty(batch, heads, count)
    for b, h in itertools.product(range(batch), range(heads)):
        scores = product(q[b, h] * scale, k[b, h].contiguous())  # (N, N)
        most = scores.amax(-1, keepdim=True)
        weights = scores.sub_(most).exp_()
        total = weights.sum(-1, keepdim=True)
        mixed = product(weights, v[b, h].contiguous().t())  # (N, D)
        torch.div(mixed, total, out=output[b, :, h])
        lse[b, h] = (most + total.log()).squeeze(-1)
    return output.transpose(1, 2), lse


@attention_by_head.register_fake
def _(q: Tensor, k: Tensor, v: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    return q.new_empty(q.transpose(1, 2).shape).transpose(1, 2), q.new_empty(
        q.shape[:-1]
    )


@attention_by_head.register_vmap
def _(
    info: Any, in_dims: Any, q: Tensor, k: Tensor, v: Tensor, scale: float
) -> tuple[Any, tuple[int, int]]:
    whole = [
        t.expand(info.batch_size, *t.shape) if dim is None else t.movedim(dim, 0)
        for t, dim in zip((q, k, v), in_dims, strict=False)
    ]
    found = attention_by_head(*(t.flatten(0, 1) for t in whole), scale)
    return tuple(t.unflatten(0, whole[0].shape[:2]) for t in found), (0, 0)


def keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    """What the backward pass needs."""
    q, k, v, scale = inputs
    ctx.save_for_backward(q, k, v, *output)
    ctx.mark_non_differentiable(output[1])
    ctx.scale = scale


@torch.library.custom_op('mmadapt::attention_by_head_backward', mutates_args=())
def attention_by_head_backward(
    dy: Tensor, q: Tensor, k: Tensor, v: Tensor, y: Tensor, lse: Tensor, scale: float
) -> Tensor:
    """Gradients of q, k and v as their layer's product has them, ``(B, N, 3, H, D)``.

    With P the probabilities: dV = P^T dy, dS = P * (dy V^T - sum(dy * y)),
    dQ = scale dS K, dK = scale dS^T Q.
    """
    batch, heads, count, width = q.shape
    gradients = q.new_empty(batch, count, 3, heads, width)
    dq, dk, dv = (part.transpose(1, 2) for part in gradients.unbind(2))
    inner = (dy * y).sum(-1, keepdim=True)
    for b, h in itertools.product(range(batch), range(heads)):
        query, key, dout = q[b, h] * scale, k[b, h].contiguous(), dy[b, h]
        p = product(query, key).sub_(lse[b, h, :, None]).exp_()  # (N, N)
        ds = product(dout, v[b, h].contiguous()).sub_(inner[b, h]).mul_(p)
        # As products with the large factor in the weight's place: none is transposed.
        dv[b, h] = product(dout.t(), p.t()).t()
        dk[b, h] = product(query.t(), ds.t()).t()
        torch.mul(product(ds, key.t()), scale, out=dq[b, h])
    return gradients


@attention_by_head_backward.register_fake
def _(
    dy: Tensor, q: Tensor, k: Tensor, v: Tensor, y: Tensor, lse: Tensor, scale: float
) -> Tensor:
    batch, heads, count, width = q.shape
    return q.new_empty(batch, count, 3, heads, width)


def differentiate(
    ctx: Any, dy: Tensor, unused: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, None]:
    """Gradients of q, k and v."""
    gradients = attention_by_head_backward(dy, *ctx.saved_tensors, ctx.scale)
    dq, dk, dv = (part.transpose(1, 2) for part in gradients.unbind(2))
    return dq, dk, dv, None


attention_by_head.register_autograd(differentiate, setup_context=keep)
