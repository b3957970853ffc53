"""XCiT of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.xcit import XCABlock, XCiT
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two blocks, 48 wide, and two of class attention."""
    merged = {
        'img_size': 32,
        'patch_size': 8,
        'embed_dims': 48,
        'depth': 2,
        'num_heads': 4,
        'mlp_ratio': 2,
        **options,
    }
    return initialised(XCiT(**merged))


CASES = [
    HostCase(
        XCABlock,
        build,
        image_input,
        behind_attn='norm3',
        drop_path={'drop_path_rate': 0.999},
    )
]
