"""TinyViT of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.tinyvit import TinyViT, TinyViTBlock
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """A stage of convolutions, then one of 4 x 4 tokens, 32 wide, one of 2 x 2."""
    arch = {'channels': [16, 32, 48], 'num_heads': [2, 2, 3], 'depths': [1, 2, 2]}
    merged = {
        'arch': arch,
        'img_size': (32, 32),
        'window_size': [4, 4, 2],
        'drop_path_rate': 0.0,
        'out_indices': [2],
        **options,
    }
    return initialised(TinyViT(**merged))


CASES = [
    HostCase(
        TinyViTBlock,
        build,
        image_input,
        norm='mlp.norm',
        attn_norm='attn.norm',
        behind_attn='local_conv',
        behind=lambda maps, _: maps.flatten(2).transpose(1, 2),
        drop_path={'drop_path_rate': 0.999},
    )
]
