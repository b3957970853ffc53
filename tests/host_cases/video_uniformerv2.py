"""UniFormerV2 of MMAction2."""

from __future__ import annotations

from typing import Any

import torch
from mmaction.models.backbones.uniformerv2 import (
    Extractor,
    ResidualAttentionBlock,
    UniFormerV2,
)
from torch import nn

from .case import HostCase, initialised, video_input


def build(**options: Any) -> nn.Module:
    """Two image blocks and an extractor, 48 wide; 4 frames of 16 patches."""
    merged = {
        'input_resolution': 32,
        'patch_size': 8,
        'width': 48,
        'layers': 2,
        'heads': 4,
        't_size': 4,
        'no_lmhra': False,
        'double_lmhra': False,
        'return_list': [0, 1],
        'n_layers': 2,
        'n_dim': 48,
        'n_head': 4,
        'mlp_factor': 2,
        'mlp_dropout': [0, 0],
        'clip_pretrained': False,
        **options,
    }
    return drawn(initialised(UniFormerV2(**merged)))


def drawn(backbone: nn.Module) -> nn.Module:
    """The backbone with weights in the branches that upstream starts at zero."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in backbone.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1, generator=generator)
    return backbone


CASES = [
    HostCase(
        ResidualAttentionBlock,
        build,
        video_input,
        norm='ln_2',
        attn_norm='ln_1',
        drop_path={'backbone_drop_path_rate': 0.999},
    ),
    HostCase(
        Extractor,
        build,
        video_input,
        norm='ln_2',
        attn_norm='ln_1',
        drop_path={'drop_path_rate': 0.999},
    ),
]
