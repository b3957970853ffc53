"""UniFormer of MMAction2: convolution blocks, then attention blocks."""

from __future__ import annotations

from typing import Any

from mmaction.models.backbones.uniformer import CBlock, SABlock, UniFormer
from torch import nn

from .case import HostCase, initialised, video_input


def build(**options: Any) -> nn.Module:
    """Four stages, 16 to 64 wide, of one block and two."""
    merged = {
        'depth': [1, 2, 2, 1],
        'embed_dim': [16, 24, 32, 64],
        'head_dim': 8,
        'mlp_ratio': 2,
        'pretrained2d': False,
        **options,
    }
    return initialised(UniFormer(**merged))


DEEP = {'drop_path_rate': 0.999}

CASES = [
    # Stochastic depth grows with depth: a shallow tail makes the convolutions deep.
    HostCase(
        CBlock,
        build,
        video_input,
        drop_path={**DEEP, 'depth': [1, 2, 0, 0]},
        channel_dim=1,
    ),
    HostCase(
        SABlock,
        build,
        video_input,
        drop_path=DEEP,
        stream=lambda out, _: out.flatten(2).transpose(1, 2),
    ),
]
