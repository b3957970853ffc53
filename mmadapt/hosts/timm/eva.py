"""The blocks of EVA in timm."""

from __future__ import annotations

from typing import Any

from timm.models.eva import Eva, EvaBlock, EvaBlockPostNorm
from torch import Tensor

from ..known import register_known
from ..trunks import AdaptedTrunk, register_trunk
from .checkpoint import BlockHost
from .vit import given

__all__ = ['AdaptedEva', 'AdaptedEvaBlock', 'AdaptedEvaBlockPostNorm']


@register_known(EvaBlock, 'b87c1cbee542', 'cbaf5e19ac1c', '2b3c5e20912f')
class AdaptedEvaBlock(BlockHost, EvaBlock):
    """The block of EVA, EVA-02 and DINOv3, with or without layer scale."""

    def forward(
        self,
        x: Tensor,
        rope: Tensor | None = None,
        attn_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        masks = given(attn_mask, is_causal)
        normed = self.norm1(x)
        h = self.scaled(self.attn(normed, rope=rope, **masks), self.gamma_1)
        x = self.close_attn(x, self.drop_path1(h), normed)
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


@register_known(EvaBlockPostNorm, '3bda5b0f7840', 'bf528f5a6626')
class AdaptedEvaBlockPostNorm(BlockHost, EvaBlockPostNorm):
    """The block of EVA with its norms behind the branches: nothing reads LN(x')."""

    inputs = ('pre_norm',)

    def forward(
        self,
        x: Tensor,
        rope: Tensor | None = None,
        attn_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        masks = given(attn_mask, is_causal)
        h = self.norm1(self.attn(x, rope=rope, **masks))
        x = self.close_attn(x, self.drop_path1(h), x)
        return self.close_mlp(x, self.drop_path2(self.norm2(self.mlp(x))), x)

    width = staticmethod(AdaptedEvaBlock.width)


@register_trunk(Eva)
class AdaptedEva(AdaptedTrunk, Eva):
    """EVA with adapters."""
