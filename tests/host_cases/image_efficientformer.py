"""EfficientFormer of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.efficientformer import (
    EfficientFormer,
    Meta3D,
    Meta4D,
)
from mmpretrain.models.utils import LayerScale
from torch import Tensor, nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Four stages of convolutions, 16 and 32 wide; the last block has tokens."""
    arch = {
        'layers': [1, 1, 1, 2],
        'embed_dims': [16, 16, 16, 32],
        'downsamples': [False, False, False, True],
        'vit_num': 1,
    }
    model = initialised(
        EfficientFormer(**{'arch': arch, 'out_indices': [3], **options})
    )
    for module in model.modules():
        if isinstance(module, LayerScale):
            nn.init.constant_(module.weight, 0.5)  # felt, unlike 1e-5
    return model


def images() -> Tensor:
    """7 x 7 tokens in the last stage, the only number its attention takes."""
    return image_input(size=56)


CASES = [
    HostCase(Meta3D, build, images, drop_path={'drop_path_rate': 0.999}),
    HostCase(
        Meta4D,
        build,
        images,
        norm='mlp',
        attn_norm='token_mixer',
        drop_path={'drop_path_rate': 0.999},
        channel_dim=1,
    ),
]
