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

from ..base import AdapterHost, refuse_host
from ..known import register_known

__all__ = ['AdaptedBlock', 'AdaptedResPostBlock']


@register_known(Block, 'da36946c4a10', '4bf536d2e2a7')
class AdaptedBlock(AdapterHost, Block):
    """The ViT block: ViT, DeiT, CLIP, SigLIP, DINO and DINOv2 trunks."""

    def forward(self, x: Tensor, **masks: Any) -> Tensor:  # type: ignore[override]
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
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
class AdaptedResPostBlock(AdapterHost, ResPostBlock):
    """The ViT block with its norms behind the branches: nothing reads LN(x')."""

    inputs = ('pre_norm',)

    def forward(self, x: Tensor, **masks: Any) -> Tensor:  # type: ignore[override]
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        x = self.close_attn(x, self.drop_path1(self.norm1(self.attn(x, **masks))), x)
        return self.close_mlp(x, self.drop_path2(self.norm2(self.mlp(x))), x)

    width = staticmethod(AdaptedBlock.width)


for parallel in (ParallelScalingBlock, ParallelThingsBlock):
    refuse_host(parallel, 'its branches run side by side.')
