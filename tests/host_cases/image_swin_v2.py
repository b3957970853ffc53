"""Swin V2 of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.swin_transformer_v2 import (
    SwinBlockV2,
    SwinTransformerV2,
)
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two stages of two blocks, 48 and 96 wide."""
    arch = {
        'embed_dims': 48,
        'depths': [2, 2],
        'num_heads': [2, 4],
        'extra_norm_every_n_blocks': 0,
    }
    merged = {
        'arch': arch,
        'img_size': 32,
        'window_size': 4,
        'out_indices': (1,),
        'drop_path_rate': 0.0,
        'pretrained_window_sizes': [0, 0],
        **options,
    }
    return initialised(SwinTransformerV2(**merged))


CASES = [
    HostCase(
        SwinBlockV2,
        build,
        image_input,
        norm='ffn',
        attn_norm='attn',
        drop_path={'drop_path_rate': 0.999},
        with_cp={'with_cp': True},
    )
]
