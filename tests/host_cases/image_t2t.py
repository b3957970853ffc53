"""T2T-ViT of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.t2t_vit import T2T_ViT, T2TTransformerLayer
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two layers, 48 wide, behind two that make the tokens, 16 wide."""
    merged = {
        'img_size': 32,
        'embed_dims': 48,
        'num_layers': 2,
        't2t_cfg': {'token_dims': 16, 'use_performer': False},
        'layer_cfgs': {'num_heads': 4, 'feedforward_channels': 96},
        **options,
    }
    return initialised(T2T_ViT(**merged))


CASES = [
    HostCase(
        T2TTransformerLayer,
        build,
        image_input,
        norm='ln2',
        attn_norm='ln1',
        drop_path={'drop_path_rate': 0.999},
        attn_layers=[2, 3],
    )
]
