"""EVA-02 of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.vit_eva02 import EVA02EndcoderLayer, ViTEVA02
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
    return initialised(ViTEVA02(**merged))


CASES = [
    HostCase(
        EVA02EndcoderLayer,
        build,
        image_input,
        drop_path={'drop_path_rate': 0.999},
    )
]
