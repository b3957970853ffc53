"""What an MLP of mmcv is made of."""

from __future__ import annotations

from typing import Any

from mmcv.cnn.bricks.drop import DropPath
from mmcv.cnn.bricks.transformer import FFN
from torch import nn

__all__ = ['NO_SKIP', 'is_identity', 'plain_linears']

NO_SKIP = "its MLP has no skip around it (add_identity=False), so that there is no x'."
"""Why mmcv's FFN without ``add_identity`` makes a block that takes no adapter."""


def plain_linears(ffn: Any) -> tuple[nn.Linear, nn.Linear] | None:
    """The linear layers of an FFN that is two of them around an exact GELU.

    Args:
        ffn: An MLP with any number of layers, layer scale or stochastic depth.

    Returns:
        None where there is more to it.
    """
    if type(ffn) is not FFN or ffn.num_fcs != 2:
        return None
    (first, activation, dropout), second, last = ffn.layers
    linear = isinstance(first, nn.Linear) and isinstance(second, nn.Linear)
    exact = type(activation) is nn.GELU and activation.approximate == 'none'
    rest = (dropout, last, ffn.gamma2, ffn.dropout_layer)
    if not (linear and exact and all(map(is_identity, rest))):
        return None
    if first.bias is None or second.bias is None:
        return None
    return first, second


def is_identity(module: nn.Module) -> bool:
    """Whether a layer hands on what it reads, in training too."""
    if isinstance(module, nn.Dropout):
        return module.p == 0
    if isinstance(module, DropPath):
        return not module.drop_prob
    return isinstance(module, nn.Identity)
