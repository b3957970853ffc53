"""TNT of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.tnt import TNT, TransformerBlock
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two pairs of an inner block, 24 wide, and an outer one, 48 wide."""
    arch = {
        'embed_dims_outer': 48,
        'embed_dims_inner': 24,
        'num_layers': 2,
        'num_heads_outer': 4,
        'num_heads_inner': 2,
    }
    merged = {'arch': arch, 'img_size': 32, 'patch_size': 8, **options}
    return initialised(TNT(**merged))


CASES = [
    HostCase(
        TransformerBlock,
        build,
        image_input,
        norm='norm_ffn',
        attn_norm='norm_attn',
        drop_path={'drop_path_rate': 0.999},
    )
]
