"""RevViT of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.revvit import (
    RevTransformerEncoderLayer,
    RevVisionTransformer,
)
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two layers, each stream 48 wide."""
    arch = {
        'embed_dims': 48,
        'num_layers': 2,
        'num_heads': 4,
        'feedforward_channels': 96,
    }
    merged = {'arch': arch, 'img_size': 32, 'patch_size': 8, **options}
    return initialised(RevVisionTransformer(**merged))


# Upstream rolls its dice anew for each layer; test_revvit.py holds them still.
CASES = [
    HostCase(
        RevTransformerEncoderLayer,
        build,
        image_input,
        norm='ln2',
        attn_norm='ln1',
        stream=lambda out, _: out[1],
        skip=lambda x1, x2: x2,
    )
]
