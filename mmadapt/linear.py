"""Linear layers whose products oneDNN computes, on a CPU in float32.

torch asks MKL for such products and oneDNN for those in bfloat16, whatever the CPU. On
AMD's with AVX-512 oneDNN is the quicker one in float32 too, by up to two times
(docs/performance.md); both give the same to rounding.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .adapters import check_choice
from .errors import ConfigError
from .parts import in_parts

__all__ = [
    'CPU_LINEARS',
    'OneDNNLinear',
    'by_onednn',
    'linear',
    'product',
    'set_cpu_linear',
]

CPU_LINEARS = ('auto', 'onednn', 'torch')

LEAST = 2**23
"""Multiplications below which a call of oneDNN costs more than it saves."""


class OneDNNLinear(nn.Linear):
    """A linear layer that computes ``x W^T + b`` by :func:`product`.

    Names, weights, hooks and gradients are those of ``nn.Linear``.
    """

    def forward(self, x: Tensor) -> Tensor:
        """``x W^T + b`` for ``x`` of shape ``(..., C)``."""
        return product(x, self.weight, self.bias)


def set_cpu_linear(backbone: nn.Module, cpu_linear: str = 'auto') -> nn.Module:
    """Say which library multiplies in the linear layers on a CPU, in place.

    Args:
        backbone: Any module, adapted or not; its linear layers are looked up by exact
            type, as a subclass may do more.
        cpu_linear: ``'onednn'``, ``'torch'`` (whatever torch takes), or ``'auto'``:
            oneDNN on an AMD CPU with AVX-512.

    Returns:
        The same module.

    Raises:
        ConfigError: Another value, or a torch without oneDNN; nothing is changed then.
    """
    check_choice('cpu_linear', cpu_linear, CPU_LINEARS)
    if cpu_linear == 'onednn' and not has_onednn():
        raise ConfigError(
            "cpu_linear='onednn': this torch was built without oneDNN. Leave it out."
        )
    wanted = cpu_linear == 'onednn' or (cpu_linear == 'auto' and is_quicker())
    before = plain_kinds() if wanted else {OneDNNLinear}
    for module in backbone.modules():
        if type(module) in before:
            module.__class__ = OneDNNLinear if wanted else nn.Linear  # type: ignore[assignment]
    return backbone


@cache
def plain_kinds() -> set[type[nn.Module]]:
    """Classes of layers that are ``nn.Linear`` and nothing else."""
    if find_spec('mmcv') is None:
        return {nn.Linear}
    from mmcv.cnn.bricks import wrappers

    return {nn.Linear, wrappers.Linear}


@cache
def has_onednn() -> bool:
    """Whether torch has the product."""
    known = hasattr(torch.ops.mkldnn, '_linear_pointwise')
    return known and torch.backends.mkldnn.is_available()


@cache
def is_quicker() -> bool:
    """Whether oneDNN is the quicker library of this CPU in float32."""
    wide = torch.backends.cpu.get_cpu_capability() == 'AVX512'
    return wide and has_onednn() and vendor() == 'AuthenticAMD'


def vendor() -> str:
    """The CPU's maker as Linux tells it; empty elsewhere."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return ''
    found = (line.partition(':')[2] for line in lines if line.startswith('vendor_id'))
    return next(found, '').strip()


def linear(layer: nn.Linear, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """``x W^T + b`` by the library of a layer.

    Args:
        layer: The layer.
        x: Of shape ``(..., C)``.
        weight: The layer's, a part of it or its transpose, ``(D, C)``.
        bias: ``(D,)`` or None, whatever the layer's own is.
    """
    compute = product if isinstance(layer, OneDNNLinear) else F.linear
    return compute(x, weight, bias)


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x W^T + b``, by oneDNN where it is of use, of a float32 CPU product.

    Args:
        x: Of shape ``(..., C)``.
        weight: ``(D, C)``, laid out in memory in either way.
        bias: ``(D,)`` or None.
    """
    if by_onednn(x, weight) and fits(x, weight, bias):
        return _Product.apply(x, weight, bias)  # type: ignore[no-any-return]
    return F.linear(x, weight, bias)


def fits(x: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Whether there is such a product; what is wrong with another one torch says."""
    # Of a slice of another layout oneDNN has no quick kernel.
    dense = weight.is_contiguous() or weight.t().is_contiguous()
    alike = bias is None or (
        bias.dtype is weight.dtype and bias.shape == weight.shape[:1]
    )
    return dense and alike and x.shape[-1] == weight.shape[-1]


def by_onednn(x: Tensor, weight: Tensor) -> bool:
    """Whether a product is one of those that oneDNN computes sooner, and as exactly."""
    return (
        not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()  # type: ignore[attr-defined]
        and x.device.type == weight.device.type == 'cpu'
        and x.dtype is weight.dtype is torch.float32
        and x.ndim > 1
        and x.numel() * len(weight) >= LEAST
        and not torch.is_autocast_enabled('cpu')
        and has_onednn()
        and bool(torch.backends.mkldnn.enabled)
        and not in_parts(weight)
    )


class _Product(torch.autograd.Function):
    """Differentiable as often as one likes: its gradients are products of its kind."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        multiply = torch.ops.mkldnn._linear_pointwise
        return multiply(x.contiguous(), weight, bias, 'none', [], '')  # type: ignore[no-any-return]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, weight, _ = inputs
        through, learns, _ = ctx.needs_input_grad
        # A frozen weight isn't handed to the hooks of saved tensors: checkpoint, which
        # stops when it has seen the last of them, would multiply once for nothing.
        ctx.frozen = weight if through and not learns else None
        ctx.version = None if ctx.frozen is None else weight._version
        ctx.save_for_backward(*((x, weight if through else None) if learns else ()))

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        x, weight = ctx.saved_tensors or (None, ctx.frozen)
        if ctx.frozen is not None and ctx.frozen._version != ctx.version:
            raise RuntimeError(
                'a frozen weight was written to by an inplace operation between the '
                'forward pass and the backward pass, which needs it as it was.'
            )
        rows = dy.flatten(0, -2)
        dweight = None
        if x is not None:
            dweight = product(rows.t(), x.flatten(0, -2).contiguous().t())
        return (
            None if weight is None else product(dy, weight.t()),
            dweight,
            rows.sum(0) if ctx.needs_input_grad[2] else None,
        )

    @staticmethod
    def vmap(
        info: Any, in_dims: Any, x: Tensor, weight: Tensor, bias: Tensor | None
    ) -> tuple[Tensor, int]:
        rows, *own = in_dims
        if own == [None, None]:  # one product of all rows
            return product(x.movedim(rows, 0), weight, bias), 0
        return torch.vmap(F.linear, in_dims)(x, weight, bias), 0
