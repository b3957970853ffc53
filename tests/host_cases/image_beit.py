"""BEiT of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.beit import BEiTTransformerEncoderLayer, BEiTViT
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two layers, 48 wide, 16 patches."""
    arch = {
        'embed_dims': 48,
        'num_layers': 2,
        'num_heads': 4,
        'feedforward_channels': 96,
    }
    merged = {'arch': arch, 'img_size': 32, 'patch_size': 8, **options}
    return initialised(BEiTViT(**merged))


CASES = [
    HostCase(
        BEiTTransformerEncoderLayer,
        build,
        image_input,
        norm='ln2',
        attn_norm='ln1',
        drop_path={'drop_path_rate': 0.999},
    )
]
