"""The block of MViT-2 in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.mvit import MultiScaleBlock, attention_pool
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedMultiScaleBlock']


@register_host(MultiScaleBlock)
class AdaptedMultiScaleBlock(AdapterHost, MultiScaleBlock):
    """The block of MViT, which may pool its tokens and widen them on the way.

    Where it does, the residual stream that a branch is added to isn't what stood in
    front of the norm: it is pooled, or LN(x) projected to the new width. The adapter
    reads that stream; LN of it is nowhere in the block.
    """

    inputs = ('pre_norm',)

    def forward(
        self, x: Tensor, in_size: tuple[int, int]
    ) -> tuple[Tensor, tuple[int, int]]:
        """Tokens ``(B, N', C')`` and their grid, for ``x`` of shape ``(B, N, C)``."""
        normed = self.norm1(x)
        h, out_size = self.attn(normed, in_size)
        x = self.widened(x, normed, self.dim_mul_in_attention)
        if self.pool_skip is not None:
            x, _ = attention_pool(x, self.pool_skip, in_size)
        x = self.close_attn(x, self.drop_path(h), normed)
        normed = self.norm2(x)
        h = self.drop_path(self.mlp(normed))
        x = self.widened(x, normed, not self.dim_mul_in_attention)
        return self.close_mlp(x, h, normed), out_size

    def widened(self, x: Tensor, normed: Tensor, here: bool) -> Tensor:
        """The residual stream for a branch, ``here`` where that may change width."""
        return self.proj(normed) if here and self.proj is not None else x

    @staticmethod
    def width(block: Any) -> int:
        """Width C' behind the block, that of the MLP's output."""
        return int(block.out_dims)

    @classmethod
    def attn_width(cls, block: Any) -> int:
        """Width of the attention's output."""
        return int(block.out_dims if block.dim_mul_in_attention else block.in_dims)
