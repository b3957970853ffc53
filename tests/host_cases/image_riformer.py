"""RIFormer of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.riformer import RIFormer, RIFormerBlock
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two stages of two blocks, 16 and 32 wide, with a layer scale that is felt."""
    arch = {
        'layers': [2, 2],
        'embed_dims': [16, 32],
        'mlp_ratios': [2, 2],
        'layer_scale_init_value': 0.5,
    }
    return initialised(RIFormer(**{'arch': arch, 'out_indices': [2], **options}))


CASES = [
    HostCase(
        RIFormerBlock,
        build,
        image_input,
        drop_path={'drop_path_rate': 0.999},
        channel_dim=1,
    )
]
