"""The block of HiViT in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.hivit import BlockWithRPE
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedHiViTBlock']


@register_host(BlockWithRPE)
class AdaptedHiViTBlock(AdapterHost, BlockWithRPE):
    """The block of HiViT; those of the first stages are an MLP alone."""

    def forward(
        self, x: Tensor, rpe_index: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(..., C)``."""
        if self.attn is not None:
            normed = self.norm1(x)
            h = self.scaled(self.attn(normed, rpe_index, mask), self.gamma_1)
            x = self.close_attn(x, h, normed)
        normed = self.norm2(x)
        return self.close_mlp(x, self.scaled(self.mlp(normed), self.gamma_2), normed)

    def scaled(self, h: Tensor, gamma: Tensor | None) -> Tensor:
        """A branch behind layer scale (where there is one) and stochastic depth."""
        return self.drop_path(h if gamma is None else gamma * h)

    @classmethod
    def branches_of(cls, block: Any) -> tuple[str, ...]:
        """The MLP alone where the block has no attention."""
        return cls.branches if block.attn is not None else ('mlp',)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens at this stage."""
        return int(block.dim)
