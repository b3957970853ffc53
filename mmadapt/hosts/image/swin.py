"""The block of Swin in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.swin_transformer import SwinBlock
from torch import Tensor

from ..base import AdapterHost, register_host
from ..ffn import NO_SKIP

__all__ = ['AdaptedSwinBlock']


@register_host(SwinBlock)
class AdaptedSwinBlock(AdapterHost, SwinBlock):
    """The block of Swin."""

    unfit = NO_SKIP

    def forward(self, x: Tensor, hw_shape: tuple[int, int]) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, H*W, C)``."""
        normed = self.norm1(x)
        x = self.close_attn(x, self.recompute(self.attn, normed, hw_shape), normed)
        normed = self.norm2(x)
        return self.close_mlp(x, self.recompute(self.ffn, normed, 0), normed)

    @classmethod
    def fits(cls, block: Any) -> bool:
        """Whether there is a skip around the MLP, which an option takes away."""
        return bool(block.ffn.add_identity)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens at this stage."""
        return int(block.ffn.embed_dims)
