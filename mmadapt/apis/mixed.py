"""Mixed precision of a model whose rows are mapped over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..cache.replay import overriding
from ..precision import in_float32, opens_bfloat16

__all__ = ['mixed']

Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d


@contextmanager
def mixed(model: nn.Module, device: str, half: bool) -> Iterator[Callable[[Any], Any]]:
    """What a model needs around :func:`torch.vmap` to compute as it does without.

    Autocast that stored bfloat16 weights ask for, opened outside; and convolutions that
    cast by themselves, which autocast passes by where rows are mapped over.

    Args:
        model: The model.
        device: Kind of device.
        half: Whether frozen weights are stored in bfloat16.

    Yields:
        What becomes of an output.
    """
    with ExitStack() as stack:
        opens = half and not opens_bfloat16(device)
        if opens:
            stack.enter_context(torch.autocast(device, torch.bfloat16))
        if torch.is_autocast_enabled(device):
            dtype = torch.get_autocast_dtype(device)
            for module in model.modules():
                if isinstance(module, Convolution):
                    cast = partial(convolve, module, dtype)
                    stack.enter_context(overriding(module, cast))
        yield in_float32 if opens else unchanged


def convolve(layer: Convolution, dtype: torch.dtype, x: Tensor) -> Tensor:
    """A convolution as autocast computes it."""
    bias = None if layer.bias is None else layer.bias.to(dtype)
    return layer._conv_forward(x.to(dtype), layer.weight.to(dtype), bias)


def unchanged(output: Any) -> Any:
    """An output as it is."""
    return output
