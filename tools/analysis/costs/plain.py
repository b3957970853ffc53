"""A forward pass in which every module runs by itself, for counting the least."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import torch
from torch import nn

from mmadapt.hosts import promote

from .models import Batch, loss_of


def run_plainly(model: nn.Module, batch: Batch) -> None:
    """A forward pass in which every module runs by itself, and none for nothing.

    Without gradients no function stands in for the modules of a block, and nothing is
    computed for a second time later; the last block computes what is read of it.

    Args:
        model: In training mode.
        batch: What it reads.
    """
    with torch.no_grad(), class_rows(model):
        loss_of(model, batch)


@contextmanager
def class_rows(model: nn.Module) -> Iterator[None]:
    """Compute one row in the last block of MMPretrain's ViTs, where that is exact.

    Args:
        model: Whose backbones may have ``class_row=False``, or know no such option.
    """
    if find_spec('mmpretrain') is None:
        yield
        return
    from mmpretrain.models import VisionTransformer

    from mmadapt.backbones.image import AdaptFormerViT
    from mmadapt.hosts.image.class_row import set_class_row

    changed = []
    for trunk in model.modules():
        # Other ViTs, subclasses of these, may read other rows.
        if type(trunk) in (VisionTransformer, AdaptFormerViT):
            block = trunk.layers[-1]  # type: ignore[index]
            before = type(block), dict(vars(block))
            if set_class_row(trunk):
                changed.append((block, *before))
    try:
        yield
    finally:
        for block, kind, attributes in changed:
            promote(block, kind)
            vars(block).clear()
            vars(block).update(attributes)


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
