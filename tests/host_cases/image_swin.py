"""Swin of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.swin_transformer import SwinBlock, SwinTransformer
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two stages of two blocks, 48 and 96 wide."""
    arch = {'embed_dims': 48, 'depths': [2, 2], 'num_heads': [2, 4]}
    merged = {
        'arch': arch,
        'img_size': 32,
        'window_size': 4,
        'out_indices': (1,),
        'drop_path_rate': 0.0,
        **options,
    }
    return initialised(SwinTransformer(**merged))


CASES = [
    HostCase(
        SwinBlock,
        build,
        image_input,
        drop_path={'drop_path_rate': 0.999},
        with_cp={'with_cp': True},
    )
]
