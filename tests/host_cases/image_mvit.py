"""MViT-2 of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.mvit import MultiScaleBlock, MViT
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Three blocks, the last of which pools its tokens and is twice as wide."""
    arch = {'embed_dims': 32, 'num_layers': 3, 'num_heads': 2, 'downscale_indices': [2]}
    return initialised(MViT(**{'arch': arch, 'img_size': 32, **options}))


CASES = [
    HostCase(
        MultiScaleBlock,
        build,
        image_input,
        drop_path={'drop_path_rate': 0.999},
        stream=lambda out, _: out[0],
    )
]
