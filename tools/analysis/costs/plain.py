"""A forward pass in which every module runs by itself, for counting the least."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from mmadapt.hosts import promote
from mmadapt.hosts.class_row import set_class_row, what_is_read
from mmadapt.hosts.video.mean_row import hindrance, set_mean_row

from .models import Batch, loss_of


def run_plainly(model: nn.Module, batch: Batch) -> None:
    """A forward pass in which every module runs by itself, and none for nothing.

    Without gradients no function stands in for the modules of a block, and nothing is
    computed for a second time later; the last block computes what is read of it.

    Args:
        model: In training mode.
        batch: What it reads.
    """
    with torch.no_grad(), fewest_rows(model):
        loss_of(model, batch)


@contextmanager
def fewest_rows(model: nn.Module) -> Iterator[None]:
    """Compute in the last block what is read of it alone, where exact.

    Args:
        model: Whose backbones may have ``class_row=False`` or ``mean_row=False``, or
            know no such option.
    """
    means = [trunk for trunk in model.modules() if not hindrance(trunk)]
    reads = [(trunk, what_is_read(trunk)) for trunk in model.modules()]
    found = [(trunk, read) for trunk, read in reads if not isinstance(read, str)]
    before = [
        (module, type(module), dict(vars(module)))
        for _, read in found
        for module in (read.block, read.attention)
    ]
    before += [
        (block, type(block), dict(vars(block)))
        for block in (trunk.blocks[-1] for trunk in means)  # type: ignore[index]
    ]
    for trunk, _ in found:
        set_class_row(trunk)
    for trunk in means:
        set_mean_row(trunk)
    try:
        yield
    finally:
        for module, kind, attributes in before:
            promote(module, kind)
            vars(module).clear()
            vars(module).update(attributes)


@contextmanager
def uncompiled(model: nn.Module) -> Iterator[None]:
    """Let blocks that are compiled run as they are: no counter looks into their code.

    Args:
        model: Whose blocks may have a ``block_code``.
    """
    codes = {
        block: vars(block)['block_code']
        for block in model.modules()
        if vars(block).get('block_code') is not None
    }
    for block in codes:
        setattr(block, 'block_code', None)  # noqa: B010 - no module's own name
    try:
        yield
    finally:
        for block, code in codes.items():
            setattr(block, 'block_code', code)  # noqa: B010
