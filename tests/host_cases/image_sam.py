"""The ViT of SAM in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.vit_sam import TransformerEncoderLayer, ViTSAM
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two layers, 48 wide, 16 patches: in windows, and over all tokens."""
    arch = {
        'embed_dims': 48,
        'num_layers': 2,
        'num_heads': 4,
        'feedforward_channels': 96,
        'global_attn_indexes': [1],
    }
    merged = {
        'arch': arch,
        'img_size': 32,
        'patch_size': 8,
        'window_size': 3,
        'out_channels': 0,
        **options,
    }
    return initialised(ViTSAM(**merged))


CASES = [
    HostCase(
        TransformerEncoderLayer,
        build,
        image_input,
        norm='ln2',
        attn_norm='ln1',
        drop_path={'drop_path_rate': 0.999},
    )
]
