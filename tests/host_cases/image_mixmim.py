"""MixMIM of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.mixmim import MixMIMBlock, MixMIMTransformer
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Four stages of one or two blocks, 16 to 128 wide; 8 x 8 tokens at first."""
    arch = {'embed_dims': 16, 'depths': [1, 2, 1, 1], 'num_heads': [2, 2, 4, 4]}
    merged = {'arch': arch, 'img_size': 32, 'window_size': [4, 2, 2, 1], **options}
    return initialised(MixMIMTransformer(**merged))


CASES = [
    HostCase(
        MixMIMBlock,
        build,
        image_input,
        norm='ln2',
        attn_norm='ln1',
        drop_path={'drop_path_rate': 0.999},
        with_cp={'use_checkpoint': True},
    )
]
