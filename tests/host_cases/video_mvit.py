"""MViT of MMAction2."""

from __future__ import annotations

from typing import Any

from mmaction.models.backbones.mvit import MultiScaleBlock, MViT
from torch import nn

from .case import HostCase, initialised, video_input


def build(**options: Any) -> nn.Module:
    """Two stages of two blocks, 32 and 64 wide; the third pools, and one widens."""
    arch = {
        'embed_dims': 32,
        'num_layers': 4,
        'num_heads': 2,
        'downscale_indices': [2],
    }
    merged = {
        'arch': arch,
        'spatial_size': 32,
        'temporal_size': 4,
        'adaptive_kv_stride': (1, 2, 2),
        'mlp_ratio': 2,
        **options,
    }
    return initialised(MViT(**merged))


CASES = [
    HostCase(
        MultiScaleBlock,
        build,
        video_input,
        drop_path={'drop_path_rate': 0.999},
        stream=lambda out, _: out[0],
    )
]
