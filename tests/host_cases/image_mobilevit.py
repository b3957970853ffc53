"""MobileViT of MMPretrain: the ViT layer between convolutions."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.mobilevit import MobileViT
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two stages of two layers, 24 and 32 wide; 4 x 4 and 2 x 2 patches."""
    arch = [
        ['mobilenetv2', 16, 1, 1, 2],
        ['mobilevit', 16, 2, 24, 48, 2, 2],
        ['mobilevit', 24, 2, 32, 64, 2, 2],
    ]
    return initialised(MobileViT(**{'arch': arch, 'out_indices': (2,), **options}))


CASES = [
    HostCase(  # upstream hands no drop_path_rate on
        TransformerEncoderLayer,
        build,
        image_input,
        norm='ln2',
        attn_norm='ln1',
        name='mobilevit',
    )
]
