"""The block of TinyViT in MMPretrain."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from mmpretrain.models.backbones.tinyvit import BasicStage, ConvStage, TinyViTBlock
from torch import Tensor

from ..base import AdapterHost, register_host
from ..stages import AdaptedStage, register_stage

__all__ = ['AdaptedBasicStage', 'AdaptedConvStage', 'AdaptedTinyViTBlock']


@register_host(TinyViTBlock)
class AdaptedTinyViTBlock(AdapterHost, TinyViTBlock):
    """The block of TinyViT: attention in windows, a convolution, and the MLP.

    The convolution has no skip: x' is what comes out of it. Both norms are inside
    their branches.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, H*W, C)``."""
        h = self.drop_path(self.attended(x))
        x = self.close_attn(x, h, self.attn.norm)
        batch, tokens, channels = x.shape
        maps = x.transpose(1, 2).reshape(batch, channels, *self.img_size)
        x = self.local_conv(maps).view(batch, channels, tokens).transpose(1, 2)
        return self.close_mlp(x, self.drop_path(self.mlp(x)), self.mlp.norm)

    def attended(self, x: Tensor) -> Tensor:
        """The attention branch, window by window."""
        height, width = self.img_size
        size = self.window_size
        if height == size and width == size:
            return self.attn(x)
        batch, tokens, channels = x.shape
        maps = x.view(batch, height, width, channels)
        below, right = -height % size, -width % size
        if below or right:
            maps = F.pad(maps, (0, 0, 0, right, 0, below))
        rows, columns = (height + below) // size, (width + right) // size
        maps = maps.view(batch, rows, size, columns, size, channels)
        windows = maps.transpose(2, 3).reshape(-1, size * size, channels)
        maps = self.attn(windows).view(batch, rows, columns, size, size, channels)
        maps = maps.transpose(2, 3).reshape(
            batch, height + below, width + right, channels
        )
        return maps[:, :height, :width].reshape(batch, tokens, channels)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens at this stage."""
        return int(block.mlp.fc1.in_features)


class TinyViTStage(AdaptedStage):
    """What both stages compute."""

    def forward(self, x: Tensor) -> Tensor:
        """The stage's output ``(B, N', C')``, for ``(B, N, C)`` or ``(B, C, H, W)``."""
        for block in self.blocks:
            x = self.run(block, x)
        return x if self.downsample is None else self.downsample(x)


@register_stage(BasicStage)
class AdaptedBasicStage(TinyViTStage, BasicStage):
    """A stage of such blocks."""


@register_stage(ConvStage)
class AdaptedConvStage(TinyViTStage, ConvStage):
    """The first stage, of convolutions."""
