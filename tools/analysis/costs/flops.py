"""Floating-point operations of a step: those done, and the fewest that do.

The fewest are those of the forward pass, of the gradients that pass through the blocks
above the lowest one that has anything to train, and of the trained weights' own
gradients. Nothing is computed twice, and nothing below the lowest adapter is
differentiated; of the lowest block its adapters alone count, though one beside the
attention sends a gradient through its MLP. However the config runs its blocks, they
are the same; attention is counted as the config's own computes it. Where a step does
less than this formula says (what a block computes of weights alone is not
differentiated), what it does is the fewest that is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import (
    FlopCounterMode,
    sdpa_backward_flop_count,
    sdpa_flop_count,
)

from mmadapt.adapters import Adapter, Method
from mmadapt.hosts import HOSTS, AdapterHost, PromptHost

from .models import Batch, loss_of
from .plain import run_plainly, uncompiled

Counts = Mapping[str, Mapping[Any, int]]

HEADS = ('head', 'cls_head')
"""What the two libraries call a head, in which all trains."""

STORED, FLASH = 2.0, 2.5
"""Backward over forward pass of attention: with the probabilities kept, and with
attention that computes them again."""


KERNELS = ('aten._scaled_dot_product', 'mmadapt.attention_by_head')
"""How names of attention's kernels begin."""


def product(added: Any, left: Any, right: Any, *_: Any, **__: Any) -> int:
    """Operations of a matrix product, from the shapes that it reads."""
    return int(2 * left[0] * left[1] * right[1])


def onednn_product(x: Any, weight: Any, *_: Any, **__: Any) -> int:
    """Operations of a product of oneDNN's, of ``(..., C)`` and ``(D, C)``."""
    return int(2 * math.prod(x) * weight[0])


def attention(q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
    """Operations of attention in one kernel, from the shapes that it reads."""
    return int(sdpa_flop_count(q, k, v))


def attention_backward(grad: Any, q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
    """Those of its backward pass."""
    return int(sdpa_backward_flop_count(grad, q, k, v))


kernel = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
UNCOUNTED = {
    torch.ops.aten.addmm_: product,
    torch.ops.mkldnn._linear_pointwise: onednn_product,
    kernel: attention,
    torch.ops.mmadapt.attention_by_head: attention,
    torch.ops.mmadapt.attention_by_head_backward: attention_backward,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: (
        attention_backward
    ),
}
"""Products in place and of oneDNN, and the kernel of a CPU: not of torch's counter."""


@dataclass(frozen=True)
class Flops:
    """Of one batch.

    Attributes:
        forward: Done in the forward pass.
        step: Done in the forward and the backward pass.
        floor: The fewest of a step.
    """

    forward: int
    step: int
    floor: int


def count(model: nn.Module, batch: Batch) -> Flops:
    """Run a step and count.

    Args:
        model: In training mode; blocks that are compiled run as they are.
        batch: What it reads.
    """
    with uncompiled(model):
        return count_modules(model, batch)


def count_modules(model: nn.Module, batch: Batch) -> Flops:
    """See :func:`count`."""
    with FlopCounterMode(display=False, custom_mapping=UNCOUNTED) as forward:
        loss = loss_of(model, batch)
    with FlopCounterMode(display=False, custom_mapping=UNCOUNTED) as backward:
        loss.backward()
    model.zero_grad()
    with FlopCounterMode(display=False, custom_mapping=UNCOUNTED) as plain:
        run_plainly(model, batch)
    done = forward.get_total_flops()
    step = done + backward.get_total_flops()
    formula = fewest(model, plain.get_flop_counts(), plain.get_total_flops())
    return Flops(forward=done, step=step, floor=min(int(formula), step))


def fewest(model: nn.Module, counts: Counts, forward: int) -> float:
    """The fewest operations of a step, from the forward pass by module.

    Args:
        model: What was run.
        counts: Of each module, by kind.
        forward: All of them.
    """
    root = type(model).__name__

    def of(name: str) -> tuple[float, float]:
        return split(counts.get(f'{root}.{name}', {}))

    blocks = find_blocks(model)
    lowest = lowest_trained(model, blocks)
    heads = sum(of(part)[0] for part in HEADS)
    # Some recognizers call a method of the backbone, of which nothing is counted.
    total, stem = float(forward), split(counts.get(root, {}))[0] - heads
    for index, (name, block) in enumerate(blocks):
        plain, attention = of(name)
        stem -= plain
        for child, module in block.named_modules():
            if isinstance(module, Adapter):
                own = of(f'{name}.{child}')[0]
                plain -= own
                total += own * (1.5 if index == lowest else 2.0)
        if index > lowest or (index == lowest and starts_below(block)):
            total += plain + attention
        if trains_weights(block):
            total += plain
    own = tuple(f'{part}.' for part in HEADS)
    below = (p for name, p in model.named_parameters() if not name.startswith(own))
    total += heads * (2 if any(p.requires_grad for p in below) else 1)
    return total + (stem if lowest < 0 else 0.0)


def split(kinds: Mapping[Any, int]) -> tuple[float, float]:
    """Forward pass of plain products; backward pass of attention.

    Args:
        kinds: Operations by the function that does them.
    """
    plain = attention = 0.0
    for kind, number in kinds.items():
        name = str(kind)
        if name in {'aten.bmm', 'aten.baddbmm'}:
            attention += STORED * number
        elif name.startswith(KERNELS):
            attention += FLASH * number
        else:
            plain += number
    return plain, attention


def find_blocks(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Blocks that take adapters or carry them, in forward order."""
    return [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, AdapterHost | PromptHost) or type(module) in HOSTS
    ]


def lowest_trained(model: nn.Module, blocks: list[tuple[str, nn.Module]]) -> int:
    """Index of the lowest block with anything to train.

    -1 where the stem trains, the number of blocks where only the head does.
    """
    for name, parameter in model.named_parameters():
        if not name.startswith('backbone.') or not parameter.requires_grad:
            continue
        index = next(
            (i for i, (block, _) in enumerate(blocks) if name.startswith(f'{block}.')),
            None,
        )
        if index is not None:
            return index
        if parameter.dim() > 2:  # a patch's convolution or a table of positions
            return -1
    return len(blocks)


def trains_weights(block: nn.Module) -> bool:
    """Whether the block's own matrices train, not only what was added to it."""
    added = {
        id(parameter)
        for module in block.modules()
        if isinstance(module, Method)
        for parameter in module.parameters()
    }
    return any(
        p.requires_grad and p.dim() > 1 and id(p) not in added
        for p in block.parameters()
    )


def starts_below(block: nn.Module) -> bool:
    """Whether a gradient passes through all of the lowest block with any."""
    return isinstance(block, PromptHost) or trains_weights(block)
