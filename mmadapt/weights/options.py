"""What decides a trunk's function and is no tensor."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..adapters import Method

__all__ = ['trunk_options']

HEADS = ('num_heads', 'num_attention_heads')
"""What attention calls the number of its heads."""

NORMS = (nn.LayerNorm, nn.GroupNorm, _BatchNorm)
ACTIVATIONS = (nn.GELU, nn.ReLU, nn.SiLU, nn.LeakyReLU, nn.Tanh, nn.Hardswish)


def trunk_options(backbone: nn.Module) -> dict[str, list[Any]]:
    """Heads of attention, epsilons of norms and activations, without repetitions.

    A trunk with the same weights and others of these is another function, which no
    shape and no hash of a tensor tells.

    Args:
        backbone: Adapted or not; what is inside its adapters doesn't count.
    """
    added = {
        id(inner)
        for method in backbone.modules()
        if isinstance(method, Method)
        for inner in method.modules()
    }
    found: dict[str, dict[Any, None]] = {}
    for module in backbone.modules():
        if id(module) in added:
            continue
        for name in HEADS:
            if type(getattr(module, name, None)) is int:
                found.setdefault('heads', {})[getattr(module, name)] = None
        if isinstance(module, NORMS):
            found.setdefault('epsilon', {})[module.eps] = None
        if isinstance(module, ACTIVATIONS):
            found.setdefault('activation', {})[name_of(module)] = None
    return {name: list(values) for name, values in found.items()}


def name_of(activation: nn.Module) -> str:
    """What an activation computes, whether in place or not."""
    approximate = getattr(activation, 'approximate', 'none')
    kind = type(activation).__name__
    return kind if approximate == 'none' else f'{kind} by {approximate}'
