"""The blocks of timm's VisionTransformer."""

from __future__ import annotations

from typing import Any

from timm.models.vision_transformer import (
    Block,
    ParallelScalingBlock,
    ParallelThingsBlock,
    ResPostBlock,
)
from torch import Tensor

from ..base import refuse_host
from ..known import register_known
from .checkpoint import BlockHost

__all__ = ['AdaptedBlock', 'AdaptedResPostBlock', 'given']


def given(attn_mask: Tensor | None, is_causal: bool) -> dict[str, Any]:
    """What a block hands on to its attention; older ones know no ``is_causal``."""
    masks: dict[str, Any] = {'attn_mask': attn_mask, 'is_causal': is_causal}
    return {
        name: mask
        for name, mask in masks.items()
        if mask is not None and mask is not False
    }


@register_known(Block, 'da36946c4a10', '4bf536d2e2a7')
class AdaptedBlock(BlockHost, Block):
    """The ViT block: ViT, DeiT, CLIP, SigLIP, DINO and DINOv2 trunks."""

    def forward(
        self, x: Tensor, attn_mask: Tensor | None = None, is_causal: bool = False
    ) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        masks = given(attn_mask, is_causal)
        normed = self.norm1(x)
        h = self.drop_path1(self.ls1(self.attn(normed, **masks)))
        x = self.close_attn(x, h, normed)
        normed = self.norm2(x)
        h = self.drop_path2(self.ls2(self.mlp(normed)))
        return self.close_mlp(x, h, normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.norm2.normalized_shape[0])


@register_known(ResPostBlock, 'e941a25b3a81', 'd4fa16c91b94')
class AdaptedResPostBlock(BlockHost, ResPostBlock):
    """The ViT block with its norms behind the branches: nothing reads LN(x')."""

    inputs = ('pre_norm',)

    def forward(
        self, x: Tensor, attn_mask: Tensor | None = None, is_causal: bool = False
    ) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        masks = given(attn_mask, is_causal)
        x = self.close_attn(x, self.drop_path1(self.norm1(self.attn(x, **masks))), x)
        return self.close_mlp(x, self.drop_path2(self.norm2(self.mlp(x))), x)

    width = staticmethod(AdaptedBlock.width)


for parallel in (ParallelScalingBlock, ParallelThingsBlock):
    refuse_host(parallel, 'its branches run side by side.')
