"""The block of PoolFormer in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.poolformer import PoolFormerBlock
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedPoolFormerBlock']


@register_host(PoolFormerBlock)
class AdaptedPoolFormerBlock(AdapterHost, PoolFormerBlock):
    """The block of PoolFormer: pooling stands in the place of attention."""

    channel_dim = 1

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for ``x`` of shape ``(B, C, H, W)``."""
        normed = self.norm1(x)
        h = self.scaled(self.token_mixer(normed), self.layer_scale_1)
        x = self.close_attn(x, h, normed)
        normed = self.norm2(x)
        return self.close_mlp(
            x, self.scaled(self.mlp(normed), self.layer_scale_2), normed
        )

    def scaled(self, h: Tensor, gamma: Tensor) -> Tensor:
        """A branch behind layer scale and stochastic depth."""
        return self.drop_path(gamma.unsqueeze(-1).unsqueeze(-1) * h)

    @staticmethod
    def width(block: Any) -> int:
        """Width C at this stage."""
        return int(block.layer_scale_2.shape[0])
