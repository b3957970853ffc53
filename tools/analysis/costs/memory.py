"""What a step keeps for its backward pass, and the least that it has to keep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from mmadapt.adapters import Adapter
from mmadapt.hosts import PromptHost

from .flops import find_blocks, loss_of, lowest_trained, trains_weights
from .models import Batch

FROZEN, TRAINED = 10, 16
"""Tensors as large as a block's input that its backward pass reads, of an MLP four
times as wide: input, q, k, v, attention's output, the MLP's input, its hidden layer
(4); where the weights train, the normed inputs and the hidden layer's output too."""


@contextmanager
def saved(model: nn.Module) -> Iterator[dict[int, int]]:
    """Collect what autograd keeps, parameters and buffers left out.

    Yields:
        Bytes of each storage, filled while the context is open.
    """
    own = {
        tensor.untyped_storage().data_ptr()
        for tensor in (*model.parameters(), *model.buffers())
    }
    kept: dict[int, int] = {}
    alive: list[torch.Tensor] = []  # a freed storage's address may come again

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield kept


def saved_bytes(model: nn.Module, batch: Batch) -> tuple[int, int]:
    """Bytes kept by a forward pass, and the least of them without recomputation.

    Args:
        model: In training mode.
        batch: What it reads.
    """
    widths: dict[str, int] = {}
    handles = [
        block.register_forward_pre_hook(reader(widths, name), with_kwargs=True)
        for name, block in find_blocks(model)
    ]
    with saved(model) as kept:
        loss = loss_of(model, batch)
    for handle in handles:
        handle.remove()
    del loss
    return sum(kept.values()), least(model, widths)


def reader(widths: dict[str, int], name: str) -> Any:
    """A hook that writes down how many bytes a block reads."""

    def read(block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        tensors = [
            value
            for value in (*args, *kwargs.values())
            if isinstance(value, torch.Tensor)
        ]
        element = 2 if torch.is_autocast_enabled(tensors[0].device.type) else 4
        widths[name] = max(tensor.numel() for tensor in tensors) * element

    return read


def least(model: nn.Module, widths: dict[str, int]) -> int:
    """The least bytes kept without recomputation.

    Args:
        model: What was run.
        widths: Bytes that each block reads.
    """
    blocks = find_blocks(model)
    lowest = lowest_trained(model, blocks)
    total = 0.0
    for index, (name, block) in enumerate(blocks):
        read = widths.get(name, 0)
        if index > lowest or (index == lowest and isinstance(block, PromptHost)):
            total += read * (TRAINED if trains_weights(block) else FROZEN)
        elif index == lowest:
            total += read * (TRAINED if trains_weights(block) else 1)
        for module in block.modules():
            if isinstance(module, Adapter):
                total += read * hidden_share(module)
    return int(total)


def hidden_share(adapter: Adapter) -> float:
    """Width of an adapter's hidden layer by that of its block."""
    down = getattr(adapter, 'down', None)
    if not isinstance(down, nn.Linear):
        return 0.0
    return down.out_features / down.in_features
