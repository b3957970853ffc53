"""The ViT of VideoMAE in MMAction2."""

from __future__ import annotations

from typing import Any

from mmaction.models.backbones.vit_mae import Block, VisionTransformer
from torch import nn

from .case import HostCase, initialised, video_input

ARCH: dict[str, Any] = {
    'img_size': 32,
    'patch_size': 8,
    'embed_dims': 48,
    'depth': 2,
    'num_heads': 4,
    'mlp_ratio': 2,
    'num_frames': 4,
}
"""Two blocks, 48 wide; 4 frames, tubelet 2, 32 tokens."""


def build(**options: Any) -> nn.Module:
    """The trunk of :data:`ARCH`, but for some options."""
    return initialised(VisionTransformer(**{**ARCH, **options}))


CASES = [
    HostCase(Block, build, video_input, drop_path={'drop_path_rate': 0.999}),
]
