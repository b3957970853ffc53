"""The two blocks of UniFormer in MMAction2."""

from __future__ import annotations

from typing import Any

from mmaction.models.backbones.uniformer import CBlock, SABlock
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedCBlock', 'AdaptedSABlock']


@register_host(CBlock)
class AdaptedCBlock(AdapterHost, CBlock):
    """The block of the first stages: convolutions and BatchNorm, channels first."""

    channel_dim = 1

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for ``x`` of shape ``(B, C, T, H, W)``."""
        x = x + self.pos_embed(x)
        normed = self.norm1(x)
        h = self.drop_path(self.conv2(self.attn(self.conv1(normed))))
        x = self.close_attn(x, h, normed)
        normed = self.norm2(x)
        return self.close_mlp(x, self.drop_path(self.mlp(normed)), normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C at this stage."""
        return int(block.norm2.num_features)


@register_host(SABlock)
class AdaptedSABlock(AdapterHost, SABlock):
    """The block of the last stages: attention over all tokens of a clip."""

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for ``x`` of shape ``(B, C, T, H, W)``."""
        x = x + self.pos_embed(x)
        shape = x.shape
        x = x.flatten(2).transpose(1, 2)
        normed = self.norm1(x)
        x = self.close_attn(x, self.drop_path(self.attn(normed)), normed)
        normed = self.norm2(x)
        x = self.close_mlp(x, self.drop_path(self.mlp(normed)), normed)
        return x.transpose(1, 2).reshape(shape)

    @staticmethod
    def width(block: Any) -> int:
        """Width C at this stage."""
        return int(block.norm2.normalized_shape[0])
