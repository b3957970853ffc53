"""LeViT of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.levit import LeViT, Residual
from torch import Tensor, nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """The smallest of its architectures: 128 to 384 wide. It takes no other."""
    return initialised(LeViT(**{'arch': '128s', 'img_size': 64, **options}))


def images() -> Tensor:
    """16 tokens at first."""
    return image_input(size=64)


CASES = [
    HostCase(Residual, build, images, norm='block', drop_path={'drop_path_rate': 0.999})
]
