"""Tiny models that the tests share: 48 dims, 2 blocks, CPU, well under a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn


def build_image_vit(**options: Any) -> nn.Module:
    """MMPretrain's own VisionTransformer, initialised, 16 patches and a class token."""
    from mmpretrain.models.backbones import VisionTransformer

    arch = {
        'embed_dims': 48,
        'num_layers': 2,
        'num_heads': 4,
        'feedforward_channels': 96,
    }
    merged = {'arch': arch, 'img_size': 32, 'patch_size': 8, **options}
    backbone = VisionTransformer(**merged)
    backbone.init_weights()
    return backbone


def build_video_vit(**options: Any) -> nn.Module:
    """MMAction2's own VideoMAE ViT, initialised, 4 frames, tubelet 2, 32 tokens."""
    from mmaction.models.backbones.vit_mae import VisionTransformer

    merged = {
        'img_size': 32,
        'patch_size': 8,
        'embed_dims': 48,
        'depth': 2,
        'num_heads': 4,
        'mlp_ratio': 2,
        'num_frames': 4,
        **options,
    }
    backbone = VisionTransformer(**merged)
    backbone.init_weights()
    return backbone


def image_input(batch: int = 2) -> Tensor:
    """Images ``(B, 3, 32, 32)``, always the same."""
    return torch.randn(batch, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def video_input(batch: int = 2) -> Tensor:
    """Clips ``(B, 3, 4, 32, 32)``, always the same."""
    return torch.randn(batch, 3, 4, 32, 32, generator=torch.Generator().manual_seed(0))


def build_image_swin(**options: Any) -> nn.Module:
    """MMPretrain's own Swin, initialised: two stages of two blocks, 48 and 96 wide."""
    from mmpretrain.models.backbones import SwinTransformer

    arch = {'embed_dims': 48, 'depths': [2, 2], 'num_heads': [2, 4]}
    merged = {
        'arch': arch,
        'img_size': 32,
        'window_size': 4,
        'out_indices': (1,),
        'drop_path_rate': 0.0,
        **options,
    }
    backbone = SwinTransformer(**merged)
    backbone.init_weights()
    return backbone


def build_video_swin(**options: Any) -> nn.Module:
    """MMAction2's own Video Swin, initialised: two stages of two blocks."""
    from mmaction.models.backbones import SwinTransformer3D

    arch = {'embed_dims': 48, 'depths': [2, 2], 'num_heads': [2, 4]}
    merged = {
        'arch': arch,
        'window_size': (2, 4, 4),
        'pretrained2d': False,
        'out_indices': (1,),
        'drop_path_rate': 0.0,
        **options,
    }
    backbone = SwinTransformer3D(**merged)
    backbone.init_weights()
    return backbone


@dataclass(frozen=True)
class HostCase:
    """How the contract test exercises one block class.

    Attributes:
        build: A tiny initialised backbone that holds blocks of that class.
        input: What the backbone reads.
        norm: Name of the block's norm in front of its MLP; its input is x'.
        mlp: Name of the block's MLP.
        drop_path: Options that switch stochastic depth on.
        with_cp: Options that switch upstream's activation checkpoints on, if any.
    """

    build: Callable[..., nn.Module]
    input: Callable[[], Tensor]
    norm: str
    mlp: str
    drop_path: dict[str, Any]
    with_cp: dict[str, Any] = field(default_factory=dict)


HOST_CASES: dict[str, HostCase] = {
    'TransformerEncoderLayer': HostCase(
        build_image_vit, image_input, 'ln2', 'ffn', {'drop_path_rate': 0.999}
    ),
    'Block': HostCase(
        build_video_vit, video_input, 'norm2', 'mlp', {'drop_path_rate': 0.999}
    ),
    'SwinBlock': HostCase(
        build_image_swin,
        image_input,
        'norm2',
        'ffn',
        {'drop_path_rate': 0.999},
        {'with_cp': True},
    ),
    'SwinTransformerBlock3D': HostCase(
        build_video_swin,
        video_input,
        'norm2',
        'mlp',
        {'drop_path_rate': 0.999},
        {'with_cp': True},
    ),
}
"""Block class name -> case. Every registered host has one, or collection fails."""


def feature(output: Any) -> Tensor:
    """The last feature of a backbone, whichever form it returns."""
    return output[-1] if isinstance(output, (tuple, list)) else output


def randomise(module: nn.Module, std: float = 0.5) -> None:
    """Give every parameter of a module a value that isn't zero."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(noise * std)
