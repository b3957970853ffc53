"""Frozen weights stored in bfloat16: what autocast would make of them at every use.

Autocast casts both operands of a matrix product or convolution to bfloat16 each time,
and keeps a copy of a frozen weight for the backward pass. A weight that is nothing but
such an operand can be stored in that form: the same numbers, half the bytes, no copies.
Everything else keeps float32: norms, position tables, class tokens, layer scales and
bias tables enter the residual stream, or are added to it, at full precision.
"""

from __future__ import annotations

from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from .errors import ConfigError, did_you_mean
from .linear import OneDNNLinear

__all__ = ['FROZEN_DTYPES', 'check_frozen_dtype', 'store_frozen', 'stored']

FROZEN_DTYPES = {'bfloat16': torch.bfloat16}

OPERANDS: set[type[nn.Module]] = {
    nn.Linear,
    OneDNNLinear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
}
"""Layers whose weight and bias are operands of a product and nothing else.

They are looked up by exact type: a subclass may do more with its weight, as a
standardised convolution does. ``nn.MultiheadAttention`` isn't among them: where no
gradient is needed it has a path of its own, past autocast.
"""

if find_spec('mmcv') is not None:
    from mmcv.cnn.bricks import wrappers

    # The same layers, with a shape for empty inputs on a torch of long ago.
    OPERANDS |= {wrappers.Linear, wrappers.Conv2d, wrappers.Conv3d}


def check_frozen_dtype(frozen_dtype: object, trainable: object) -> None:
    """Refuse a storage that can't be obeyed.

    Args:
        frozen_dtype: ``'bfloat16'``, or None for float32.
        trainable: Of the same backbone.

    Raises:
        ConfigError: Another value, or nothing is frozen.
    """
    if frozen_dtype is None:
        return
    if frozen_dtype not in FROZEN_DTYPES:
        raise ConfigError(
            f"frozen_dtype={frozen_dtype!r}: allowed are 'bfloat16', and None for "
            f'float32.{did_you_mean(frozen_dtype, FROZEN_DTYPES)}'
        )
    if trainable == 'all':
        raise ConfigError(
            f"frozen_dtype={frozen_dtype!r} with trainable='all': nothing is frozen in "
            'full fine-tuning. Leave frozen_dtype out.'
        )


def store_frozen(backbone: nn.Module, frozen_dtype: str = 'bfloat16') -> int:
    """Store the frozen weights of linear layers and convolutions in bfloat16, in place.

    The backbone then computes under bfloat16 autocast, its own where none is open
    (evaluation, inference), so that it gives the same numbers wherever it runs: those
    that autocast gives with float32 weights, bit by bit, and their gradients.

    Args:
        backbone: A backbone, adapted and frozen; see :func:`mmadapt.adapt`.
        frozen_dtype: ``'bfloat16'``.

    Returns:
        Bytes saved.

    Raises:
        ConfigError: Another type, or there is nothing of the kind.
    """
    check_frozen_dtype(frozen_dtype, ())
    found = operands(backbone)
    if not found:
        raise ConfigError(
            f'frozen_dtype={frozen_dtype!r}: {type(backbone).__name__} has no frozen '
            'linear layer or convolution. Leave it out.'
        )
    before = sum(p.nbytes for p in found)
    for parameter in found:
        parameter.data = parameter.data.to(FROZEN_DTYPES[frozen_dtype])
    autocast = OwnAutocast()
    backbone.register_forward_pre_hook(autocast.enter)
    backbone.register_forward_hook(autocast.leave, always_call=True)
    return before - sum(p.nbytes for p in found)


def operands(backbone: nn.Module) -> list[nn.Parameter]:
    """Frozen float32 parameters that are operands of products and nothing else."""
    owners: dict[nn.Parameter, list[type[nn.Module]]] = {}
    for module in backbone.modules():
        for parameter in module.parameters(recurse=False):
            owners.setdefault(parameter, []).append(type(module))
    return [
        parameter
        for parameter, kinds in owners.items()
        if not parameter.requires_grad
        and parameter.dtype == torch.float32
        and all(kind in OPERANDS for kind in kinds)
    ]


def stored(module: nn.Module) -> list[nn.Parameter]:
    """The frozen parameters of a module that are stored in bfloat16."""
    return [
        p
        for p in module.parameters()
        if not p.requires_grad and p.dtype in FROZEN_DTYPES.values()
    ]


class OwnAutocast:
    """Hooks of a backbone: bfloat16 autocast around its forward pass.

    Nothing happens inside such an autocast. Where the hook opened it itself, outputs
    become float32 again: what follows isn't in mixed precision, or in another.
    """

    def __init__(self) -> None:
        self.open: list[ExitStack | None] = []

    def enter(self, backbone: nn.Module, args: tuple[Any, ...]) -> None:
        """Open autocast on the backbone's device, unless it is."""
        device = next(backbone.parameters()).device.type
        stack = None
        if not opens_bfloat16(device):
            stack = ExitStack()
            stack.enter_context(torch.autocast(device, dtype=torch.bfloat16))
        self.open.append(stack)

    def leave(self, backbone: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        """Close it, after an error too."""
        stack = self.open.pop()
        if stack is None:
            return output
        stack.close()
        return tree_map(in_float32, output)


def opens_bfloat16(device: str) -> bool:
    """Whether bfloat16 autocast is on for a kind of device."""
    on = torch.is_autocast_enabled(device)
    return on and torch.get_autocast_dtype(device) == torch.bfloat16


def in_float32(value: Any) -> Any:
    """A bfloat16 tensor in float32; anything else as it is."""
    half = isinstance(value, Tensor) and value.dtype == torch.bfloat16
    return value.float() if half else value
