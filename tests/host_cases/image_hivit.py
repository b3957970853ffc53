"""HiViT of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.hivit import BlockWithRPE, HiViT
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two MLP blocks 12 and two 24 wide, then seven with attention, 48 wide.

    With fewer HiViT takes a block of the stem for its last.
    """
    arch = {'embed_dims': 48, 'depths': [1, 1, 7], 'num_heads': 4}
    merged = {
        'arch': arch,
        'img_size': 32,
        'patch_size': 16,
        'out_indices': [0],  # HiViT sets it to the last
        **options,
    }
    return initialised(HiViT(**merged))


CASES = [
    HostCase(
        BlockWithRPE,
        build,
        image_input,
        attn_layers=list(range(4, 11)),
        drop_path={'drop_path_rate': 0.999},
    )
]
