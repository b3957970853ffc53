"""Twins of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.twins import (
    SVT,
    GSAEncoderLayer,
    LSAEncoderLayer,
)
from torch import nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """SVT in two stages of two layers, in windows and over all tokens in turn."""
    arch = {
        'embed_dims': [16, 32],
        'num_heads': [2, 4],
        'mlp_ratios': [2, 2],
        'depths': [2, 2],
        'patch_sizes': [4, 2],
        'strides': [4, 2],
        'sr_ratios': [2, 1],
        'window_sizes': [4, 2],
    }
    merged = {'arch': arch, 'out_indices': (1,), **options}
    return initialised(SVT(**merged))


CASES = [
    HostCase(block, build, image_input, drop_path={'drop_path_rate': 0.999})
    for block in (GSAEncoderLayer, LSAEncoderLayer)
]
