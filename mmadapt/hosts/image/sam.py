"""The layer of the ViT of SAM in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.vit_sam import (
    TransformerEncoderLayer,
    window_partition,
    window_unpartition,
)
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedSAMLayer']


@register_host(TransformerEncoderLayer)
class AdaptedSAMLayer(AdapterHost, TransformerEncoderLayer):
    """The layer of SAM's ViT, with attention in windows or over all tokens."""

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output for ``x`` of shape ``(B, H, W, C)``."""
        normed = self.ln1(x)
        x = self.close_attn(x, self.attended(normed), normed)
        normed = self.ln2(x)
        return self.close_mlp(x, self.ffn(normed, identity=0), normed)

    def attended(self, normed: Tensor) -> Tensor:
        """The attention branch, in windows where the layer has them."""
        if not self.window_size:
            return self.attn(normed)
        windows, padded = window_partition(normed, self.window_size)
        size = normed.shape[1], normed.shape[2]
        return window_unpartition(self.attn(windows), self.window_size, padded, size)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.embed_dims)
