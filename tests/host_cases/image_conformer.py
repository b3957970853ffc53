"""Conformer of MMPretrain: the ViT layer beside convolutions."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.conformer import Conformer
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Three layers, 48 wide, 2 x 2 patches and a class token."""
    arch = {'embed_dims': 48, 'depths': 3, 'num_heads': 4, 'channel_ratio': 1}
    merged = {'arch': arch, 'base_channels': 16, **options}
    return initialised(Conformer(**merged))


CASES = [
    HostCase(
        TransformerEncoderLayer,
        build,
        image_input,
        norm='ln2',
        attn_norm='ln1',
        drop_path={'drop_path_rate': 0.999},
        name='conformer',
    )
]
