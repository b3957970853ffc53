"""TinyViT of MMPretrain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mmpretrain.models.backbones.tinyvit import TinyViT, TinyViTBlock
from torch import Tensor, nn

from .case import HostCase, image_input, initialised


def build(**options: Any) -> nn.Module:
    """A stage of convolutions, then one of 4 x 4 tokens, 32 wide, one of 2 x 2."""
    arch = {'channels': [16, 32, 48], 'num_heads': [2, 2, 3], 'depths': [1, 2, 2]}
    merged = {
        'arch': arch,
        'img_size': (32, 32),
        'window_size': [4, 4, 2],
        'drop_path_rate': 0.0,
        'out_indices': [2],
        **options,
    }
    return initialised(TinyViT(**merged))


def windows() -> Tensor:
    """6 x 10 tokens in the second stage, 3 x 5 in the third."""
    return image_input(size=80)[:, :, :48]


def build_windows(**options: Any) -> nn.Module:
    """The same in windows of 2 x 2 that fit, and of 4 x 4 that need padding."""
    return build(**{'img_size': (48, 80), 'window_size': [4, 2, 4], **options})


def tokens(maps: Tensor, _: Tensor) -> Tensor:
    """``(B, N, C)`` of ``(B, C, H, W)``."""
    return maps.flatten(2).transpose(1, 2)


def windowed(maps: Tensor, _: Tensor) -> Tensor:
    """Windows ``(B * 15, 4, C)`` of ``(B, C, 6, 10)``, as the attention reads them."""
    parts = maps.unflatten(3, (5, 2)).unflatten(2, (3, 2))
    return parts.permute(0, 2, 4, 3, 5, 1).reshape(-1, 4, maps.shape[1])


# Both norms are inside their branches, and a convolution stands between these.
ONE_WINDOW = HostCase(
    TinyViTBlock,
    build,
    image_input,
    norm='mlp.norm',
    attn_norm='attn.norm',
    behind_attn='local_conv',
    behind=tokens,
    drop_path={'drop_path_rate': 0.999},
    with_cp={'use_checkpoint': True},
)
WINDOWS = replace(
    ONE_WINDOW, build=build_windows, input=windows, behind=windowed, name='windows'
)

CASES = [ONE_WINDOW, WINDOWS]
