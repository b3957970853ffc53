"""Hosts for the blocks of MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from torch import Tensor

from .base import AdapterHost, register_host

__all__ = ['AdaptedEncoderLayer']


@register_host(TransformerEncoderLayer)
class AdaptedEncoderLayer(AdapterHost, TransformerEncoderLayer):
    """The ViT layer: ViT, DeiT, MAE, MoCo v3, CLIP and DINOv2 trunks."""

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        x = self.close_attn(x, self.attn(self.ln1(x)))
        normed = self.ln2(x)
        # identity=0 makes upstream's FFN return the branch alone, to the bit.
        return self.close_mlp(x, self.ffn(normed, identity=0), normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.embed_dims)
