"""XCiT of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.xcit import ClassAttentionBlock, XCABlock, XCiT
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two blocks, 48 wide, and two of class attention."""
    merged = {
        'img_size': 32,
        'patch_size': 8,
        'embed_dims': 48,
        'depth': 2,
        'num_heads': 4,
        'mlp_ratio': 2,
        **options,
    }
    return initialised(XCiT(**merged))


def build_normed(**options: Any) -> nn.Module:
    """The same, whose class attention norms all tokens."""
    return build(**{'tokens_norm': True, **options})


CASES = [
    HostCase(
        XCABlock,
        build,
        image_input,
        behind_attn='norm3',
        drop_path={'drop_path_rate': 0.999},
    ),
    # x' is the class token that the MLP reads, of the stream that norm2 gives. Upstream
    # hands no stochastic depth on; test_xcit.py does.
    HostCase(
        ClassAttentionBlock,
        build_normed,
        image_input,
        norm='ffn',
        behind_attn='norm2',
        stream=lambda out, _: out[:, :1],
    ),
]
