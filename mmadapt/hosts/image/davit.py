"""The two blocks of DaViT in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.davit import ChannelBlock, SpatialBlock
from torch import Tensor

from ..base import AdapterHost, register_host
from ..ffn import NO_SKIP

__all__ = ['AdaptedChannelBlock', 'AdaptedSpatialBlock']


class DaViTHost(AdapterHost):
    """What both have in common: a convolution for positions in front of each branch."""

    unfit = NO_SKIP

    def attended(self, normed: Tensor, hw_shape: tuple[int, int]) -> Tensor:
        """The attention branch."""
        raise NotImplementedError

    def forward(self, x: Tensor, hw_shape: tuple[int, int]) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, H*W, C)``."""
        # Upstream adds the stream to the branch, in the branch's layout; torch rounds
        # the convolution behind it by that.
        x = self.cpe1(x, hw_shape).contiguous()
        normed = self.norm1(x)
        x = self.close_attn(x, self.attended(normed, hw_shape), normed)
        x = self.cpe2(x, hw_shape)
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


@register_host(SpatialBlock)
class AdaptedSpatialBlock(DaViTHost, SpatialBlock):
    """Attention over the tokens of a window."""

    def attended(self, normed: Tensor, hw_shape: tuple[int, int]) -> Tensor:
        """The attention branch."""
        return self.recompute(self.attn, normed, hw_shape)


@register_host(ChannelBlock)
class AdaptedChannelBlock(DaViTHost, ChannelBlock):
    """Attention over the channels."""

    def attended(self, normed: Tensor, hw_shape: tuple[int, int]) -> Tensor:
        """The attention branch."""
        return self.recompute(self.attn, normed)
