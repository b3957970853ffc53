"""The block of Swin in timm."""

from __future__ import annotations

from typing import Any

from timm.models.swin_transformer import SwinTransformerBlock
from torch import Tensor

from ..known import register_known
from .checkpoint import BlockHost

__all__ = ['AdaptedSwinTransformerBlock']


@register_known(SwinTransformerBlock, '9438f6903b8f')
class AdaptedSwinTransformerBlock(BlockHost, SwinTransformerBlock):
    """The block of Swin."""

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for ``x`` of shape ``(B, H, W, C)``."""
        shape = x.shape
        normed = self.norm1(x)
        x = self.close_attn(x, self.drop_path1(self._attn(normed)), normed)
        x = x.flatten(1, 2)
        normed = self.norm2(x)
        h = self.drop_path2(self.mlp(normed))
        return self.close_mlp(x, h, normed).reshape(shape)

    @staticmethod
    def width(block: Any) -> int:
        """Width C at this stage."""
        return int(block.dim)
