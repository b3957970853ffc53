"""The block of BEiT in timm."""

from __future__ import annotations

from typing import Any

from timm.models.beit import Beit, Block
from torch import Tensor

from ..known import register_known
from ..trunks import AdaptedTrunk, register_trunk
from .checkpoint import BlockHost

__all__ = ['AdaptedBEiTBlock', 'AdaptedBeit']


@register_known(Block, '6a91ad4618af')
class AdaptedBEiTBlock(BlockHost, Block):
    """The block of BEiT and BEiTv2, with or without layer scale."""

    def forward(self, x: Tensor, shared_rel_pos_bias: Tensor | None = None) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        normed = self.norm1(x)
        h = self.attn(normed, shared_rel_pos_bias=shared_rel_pos_bias)
        x = self.close_attn(x, self.drop_path1(self.scaled(h, self.gamma_1)), normed)
        normed = self.norm2(x)
        h = self.drop_path2(self.scaled(self.mlp(normed), self.gamma_2))
        return self.close_mlp(x, h, normed)

    @staticmethod
    def scaled(h: Tensor, gamma: Tensor | None) -> Tensor:
        """A branch behind layer scale, where there is one."""
        return h if gamma is None else gamma * h

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.norm2.normalized_shape[0])


@register_trunk(Beit)
class AdaptedBeit(AdaptedTrunk, Beit):
    """BEiT with adapters."""
