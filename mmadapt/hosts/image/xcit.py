"""The block of XCiT in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.xcit import XCABlock
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedXCABlock']


@register_host(XCABlock)
class AdaptedXCABlock(AdapterHost, XCABlock):
    """The block of XCiT: cross-covariance attention, local convolutions, MLP.

    The convolutions are a residual branch of their own, between the other two. The
    class-attention blocks behind the trunk normalise their residual stream and have
    no x' in front of the MLP; they stay frozen as they are.
    """

    def forward(self, x: Tensor, H: int, W: int) -> Tensor:  # noqa: N803 - upstream's
        """The block's output for tokens ``x`` of shape ``(B, H*W, C)``."""
        normed = self.norm1(x)
        h = self.drop_path(self.gamma1 * self.attn(normed))
        x = self.close_attn(x, h, normed)
        x = x + self.drop_path(self.gamma3 * self.local_mp(self.norm3(x), H, W))
        normed = self.norm2(x)
        h = self.drop_path(self.gamma2 * self.ffn(normed, identity=0))
        return self.close_mlp(x, h, normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.ffn.embed_dims)
