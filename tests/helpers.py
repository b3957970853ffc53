"""Tiny models that the tests share: 48 dims, 2 blocks, CPU, well under a second."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tests.host_cases.case import image_input, video_input
from tests.host_cases.image_swin import build as build_image_swin
from tests.host_cases.image_vit import build as build_image_vit
from tests.host_cases.video_swin import build as build_video_swin
from tests.host_cases.video_videomae import build as build_video_vit

__all__ = [
    'build_image_swin',
    'build_image_vit',
    'build_video_swin',
    'build_video_vit',
    'feature',
    'image_input',
    'randomise',
    'video_input',
]


def feature(output: Any) -> Tensor:
    """The last feature of a backbone, whichever form it returns."""
    while isinstance(output, (tuple, list)):  # MViT nests them
        output = output[-1]
    return output


def randomise(module: nn.Module, std: float = 0.5) -> None:
    """Give every parameter of a module a value that isn't zero."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(noise * std)
