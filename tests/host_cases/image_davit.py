"""DaViT of MMPretrain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mmpretrain.models.backbones.davit import ChannelBlock, DaViT, SpatialBlock
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two stages of a pair of blocks, 32 and 64 wide."""
    arch = {'embed_dims': 32, 'depths': [1, 1], 'num_heads': [2, 4]}
    merged = {
        'arch': arch,
        'window_size': 4,
        'out_indices': (1,),
        'drop_path_rate': 0.0,
        **options,
    }
    return initialised(DaViT(**merged))


SPATIAL = HostCase(
    SpatialBlock,
    build,
    image_input,
    behind_attn='cpe2',
    drop_path={'drop_path_rate': 0.999},
    with_cp={'with_cp': True},
)

CASES = [
    SPATIAL,
    # Upstream hands with_cp on to the other block alone.
    replace(SPATIAL, block=ChannelBlock, with_cp={}),
]
