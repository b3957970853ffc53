"""What a step keeps for its backward pass, and the least that it has to keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from mmadapt.adapters import VPT, Adapter
from mmadapt.hosts import PromptHost

from .flops import find_blocks, lowest_trained, starts_below, trains_weights
from .models import Batch, loss_of
from .plain import run_plainly

FROZEN, TRAINED = (3, 7), (4, 12)
"""Tensors as large as a block's input, and as its output, that its backward pass reads,
the MLP being four times as wide: input, k, v; q, attention's output, the MLP's input,
its hidden layer (4). Where the weights train, the normed inputs and the hidden layer's
output too. Input and output are alike, but where one row is computed of many."""

ACTIVE = 4
"""Of these, what the MLP's second layer reads; of their mean where it gives that."""

Sizes = Mapping[str, tuple[int, int, bool]]
"""Bytes that each block reads and gives, and whether it gives a mean of them."""


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
    with saved(model) as kept:
        loss = loss_of(model, batch)
    del loss
    return sum(kept.values()), least(model, sizes(model, batch))


def sizes(model: nn.Module, batch: Batch) -> Sizes:
    """Bytes that each block reads and gives, however the config runs it.

    Args:
        model: In training mode.
        batch: What it reads.
    """
    found: dict[str, tuple[int, int, bool]] = {}
    handles = [
        block.register_forward_hook(reader(found, name), with_kwargs=True)
        for name, block in find_blocks(model)
    ]
    run_plainly(model, batch)
    for handle in handles:
        handle.remove()
    return found


def reader(found: dict[str, tuple[int, int, bool]], name: str) -> Any:
    """A hook that writes down how many bytes a block reads and gives."""

    def read(block: Any, args: Any, kwargs: Any, output: Any) -> None:
        inputs, outputs = tensors(args) + tensors(kwargs), tensors(output)
        element = 2 if torch.is_autocast_enabled(inputs[0].device.type) else 4
        width = max(tensor.numel() for tensor in inputs)
        given = min(width, max(tensor.numel() for tensor in outputs))
        mean = getattr(block, 'mean_row', False)
        if mean:  # all else is of all tokens
            given = width
        if isinstance(block, PromptHost):  # inside, prompts stand before the tokens
            count = inputs[0].shape[1]
            added = block.prompt.num_tokens * isinstance(block.prompt, VPT)
            width = given = width // count * (count + added)
        found[name] = width * element, given * element, mean

    return read


def tensors(value: Any) -> list[torch.Tensor]:
    """Those in what a block takes or gives."""
    return [leaf for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor)]


def least(model: nn.Module, sizes: Sizes) -> int:
    """The least bytes kept without recomputation.

    Args:
        model: What was run.
        sizes: Of its blocks.
    """
    blocks = find_blocks(model)
    lowest = lowest_trained(model, blocks)
    total = 0.0
    for index, (name, block) in enumerate(blocks):
        read, given, mean = sizes.get(name, (0, 0, False))
        trained = trains_weights(block)
        if index > lowest or (index == lowest and starts_below(block)):
            inputs, outputs = TRAINED if trained else FROZEN
            total += read * inputs + given * outputs
            total -= given * ACTIVE if trained and mean else 0
        elif index == lowest:
            total += given
        for module in block.modules():
            if isinstance(module, Adapter):
                total += given * hidden_share(module)
    return int(total)


def hidden_share(adapter: Adapter) -> float:
    """Width of an adapter's hidden layer by that of its block."""
    down = getattr(adapter, 'down', None)
    if not isinstance(down, nn.Linear):
        return 0.0
    return down.out_features / down.in_features
