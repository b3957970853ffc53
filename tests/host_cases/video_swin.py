"""Video Swin of MMAction2."""

from __future__ import annotations

from typing import Any

from mmaction.models.backbones.swin import SwinTransformer3D, SwinTransformerBlock3D
from torch import nn

from .case import HostCase, initialised, video_input


def build(**options: Any) -> nn.Module:
    """Two stages of two blocks, 48 and 96 wide."""
    arch = {'embed_dims': 48, 'depths': [2, 2], 'num_heads': [2, 4]}
    merged = {
        'arch': arch,
        'window_size': (2, 4, 4),
        'pretrained2d': False,
        'out_indices': (1,),
        'drop_path_rate': 0.0,
        **options,
    }
    return initialised(SwinTransformer3D(**merged))


CASES = [
    HostCase(
        SwinTransformerBlock3D,
        build,
        video_input,
        drop_path={'drop_path_rate': 0.999},
        with_cp={'with_cp': True},
    )
]
