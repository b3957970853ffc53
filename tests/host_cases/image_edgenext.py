"""EdgeNeXt of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.edgenext import EdgeNeXt, SDTAEncoder
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """Two stages, 16 and 32 wide; the second ends in a transformer block."""
    arch = {'channels': [16, 32], 'depths': [1, 2], 'num_heads': [2, 2]}
    merged = {
        'arch': arch,
        'out_indices': [1],
        'global_blocks': [0, 1],
        'global_block_type': ['None', 'SDTA'],
        'use_pos_embd_csa': [False, True],
        'd2_scales': [2, 3],
        'conv_kernel_sizes': [3, 5],
        'layer_scale_init_value': 0.5,
        **options,
    }
    model = initialised(EdgeNeXt(**merged))
    for module in model.modules():
        if isinstance(module, SDTAEncoder):  # upstream hands no layer scale on
            nn.init.constant_(module.gamma, 0.5)
            nn.init.constant_(module.gamma_csa, 0.5)
    return model


CASES = [
    HostCase(
        SDTAEncoder,
        build,
        image_input,
        norm='norm',
        attn_norm='norm_csa',
        behind_attn='norm',
        behind=lambda x, _: x.flatten(1, 2),
        drop_path={'drop_path_rate': 0.999},
        stream=lambda out, _: out.permute(0, 2, 3, 1),
        skip=lambda x: x.permute(0, 2, 3, 1),
    )
]
