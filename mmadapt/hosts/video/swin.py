"""The block of Video Swin in MMAction2."""

from __future__ import annotations

from typing import Any

from mmaction.models.backbones.swin import SwinTransformerBlock3D
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedSwinBlock3D']


@register_host(SwinTransformerBlock3D)
class AdaptedSwinBlock3D(AdapterHost, SwinTransformerBlock3D):
    """The block of Video Swin."""

    branch_layout = True

    def forward(self, x: Tensor, mask_matrix: Tensor) -> Tensor:
        """The block's output for ``x`` of shape ``(B, T, H, W, C)``."""
        h = self.recompute(self.forward_part1, x, mask_matrix)
        x = self.close_attn(x, self.drop_path(h), self.norm1)
        normed = self.norm2(x)
        h = self.drop_path(self.recompute(self.mlp, normed))
        return self.close_mlp(x, h, normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C at this stage."""
        return int(block.embed_dims)
