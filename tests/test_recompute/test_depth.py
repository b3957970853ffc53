"""Adapters in the last blocks: below the lowest nothing is kept or differentiated."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from .steps import SIDES, adapted, step

DEPTH = {
    'image': {
        'arch': {
            'embed_dims': 48,
            'num_layers': 5,
            'num_heads': 4,
            'feedforward_channels': 96,
        }
    },
    'video': {'depth': 5},
}


def blocks(model: nn.Module) -> Any:
    return model.layers if hasattr(model, 'layers') else model.blocks


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('last', [1, 2, 4])
def test_below_the_lowest_adapter_nothing_is_differentiated(
    side: str, last: int
) -> None:
    layers = list(range(-last, 0))
    model, x = adapted(side, {'bottleneck': 8, 'layers': layers}, **DEPTH[side])
    outputs: list[Tensor] = []
    for block in blocks(model):
        block.register_forward_hook(lambda *args: outputs.append(args[2]))
    step(model, x)
    lowest = 5 - last
    assert [output.grad_fn is None for output in outputs] == [
        index < lowest for index in range(5)
    ]


@pytest.mark.parametrize('side', list(SIDES))
def test_below_the_lowest_adapter_nothing_is_kept(side: str) -> None:
    """As much as a trunk that ends below keeps less: each block the same, from two."""
    kept = []
    for last in (1, 2, 3, 4):
        layers = list(range(-last, 0))
        model, x = adapted(side, {'bottleneck': 8, 'layers': layers}, **DEPTH[side])
        kept.append(step(model, x).kept)
    first, second, third = (b - a for a, b in zip(kept, kept[1:], strict=False))
    assert first == second == third > 0
    assert kept[0] < first
    model, x = adapted(side, None, **DEPTH[side])
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    found: list[int] = []

    def pack(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage().data_ptr() not in own:
            found.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(x)
    assert not found  # linear probing
