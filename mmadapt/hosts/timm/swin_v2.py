"""The block of Swin V2 in timm."""

from __future__ import annotations

from typing import Any

from timm.models.swin_transformer_v2 import SwinTransformerV2, SwinTransformerV2Block
from torch import Tensor

from ..known import register_known
from ..trunks import AdaptedTrunk, register_trunk
from .checkpoint import BlockHost

__all__ = ['AdaptedSwinTransformerV2', 'AdaptedSwinTransformerV2Block']


@register_known(SwinTransformerV2Block, '181db6f6c1ec')
class AdaptedSwinTransformerV2Block(BlockHost, SwinTransformerV2Block):
    """The block of Swin V2, its norms behind the branches: nothing reads LN(x')."""

    inputs = ('pre_norm',)

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for ``x`` of shape ``(B, H, W, C)``."""
        shape = x.shape
        x = self.close_attn(x, self.drop_path1(self.norm1(self._attn(x))), x)
        x = x.flatten(1, 2)
        h = self.drop_path2(self.norm2(self.mlp(x)))
        return self.close_mlp(x, h, x).reshape(shape)

    @staticmethod
    def width(block: Any) -> int:
        """Width C at this stage."""
        return int(block.dim)


@register_trunk(SwinTransformerV2)
class AdaptedSwinTransformerV2(AdaptedTrunk, SwinTransformerV2):
    """Swin V2 with adapters."""
