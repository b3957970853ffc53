"""ConvNeXt of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.convnext import GRN, ConvNeXt, ConvNeXtBlock
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two stages of two blocks, 16 and 32 wide, with a layer scale that is felt."""
    arch = {'depths': [2, 2], 'channels': [16, 32]}
    merged = {
        'arch': arch,
        'out_indices': [1],
        'layer_scale_init_value': 0.5,
        **options,
    }
    return initialised(ConvNeXt(**merged))


def build_v2(**options: Any) -> nn.Module:
    """ConvNeXt V2: response normalisation, 1 x 1 convolutions, no layer scale."""
    own = {'use_grn': True, 'layer_scale_init_value': 0.0, 'linear_pw_conv': False}
    model = build(**{**own, **options})
    for module in model.modules():
        if isinstance(module, GRN):
            nn.init.normal_(module.gamma)  # felt, unlike 0
    return model


CASES = [
    HostCase(  # its norm reads channels last
        ConvNeXtBlock,
        build,
        image_input,
        norm='norm',
        drop_path={'drop_path_rate': 0.999},
        with_cp={'with_cp': True},
        stream=lambda out, _: out.permute(0, 2, 3, 1),
        skip=lambda x: x.permute(0, 2, 3, 1),
    ),
    HostCase(
        ConvNeXtBlock,
        build_v2,
        image_input,
        norm='norm',
        drop_path={'drop_path_rate': 0.999},
        with_cp={'with_cp': True},
        channel_dim=1,
        skip=lambda x: x,
        name='v2',
    ),
]
