"""The ViT layer of MMPretrain, and its prompts."""

from __future__ import annotations

from functools import partial
from typing import Any

from mmpretrain.models.backbones.vision_transformer import (
    TransformerEncoderLayer,
    VisionTransformer,
)
from torch import Tensor

from ...adapters import TokenGrid
from ...recompute import Halves
from ..base import AdapterHost, PromptHost, register_host
from ..ffn import plain_linears
from ..grid import register_grid

__all__ = ['AdaptedEncoderLayer', 'PromptedEncoderLayer']


@register_host(TransformerEncoderLayer)
class AdaptedEncoderLayer(AdapterHost, TransformerEncoderLayer):
    """The ViT layer: ViT, DeiT, MAE, MoCo v3, CLIP and DINOv2 trunks."""

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        normed = self.ln1(x)
        x = self.close_attn(x, self.attn(normed), normed)
        normed = self.ln2(x)
        # identity=0 makes upstream's FFN return the branch alone, to the bit.
        return self.close_mlp(x, self.ffn(normed, identity=0), normed)

    def halves(self) -> Halves:
        """The block as two halves."""
        mlp = partial(self.ffn, identity=0)
        return Halves(self.ln1, self.attn, self.ln2, mlp, plain_linears(self.ffn))

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.embed_dims)


@register_host(TransformerEncoderLayer)
class PromptedEncoderLayer(PromptHost, TransformerEncoderLayer):
    """The ViT layer with prompts."""

    width = staticmethod(AdaptedEncoderLayer.width)


@register_grid(VisionTransformer)
def vit_grid(trunk: VisionTransformer) -> TokenGrid:
    """Patches of an image behind a class token, where there is one."""
    return TokenGrid(trunk.num_extra_tokens, 1, *trunk.patch_resolution)
