"""The block of TNT in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.tnt import TransformerBlock
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedTNTBlock']


@register_host(TransformerBlock)
class AdaptedTNTBlock(AdapterHost, TransformerBlock):
    """The block of TNT, over the pixels of a patch (inner) or over patches (outer).

    Inner and outer blocks alternate, and ``layers`` counts both; their widths differ,
    so that a fraction such as ``bottleneck='1/12'`` suits them best.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        normed = self.norm_attn(x)
        x = self.close_attn(x, self.attn(normed, identity=0), normed)
        normed = self.norm_ffn(x)
        return self.close_mlp(x, self.ffn(normed, identity=0), normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.ffn.embed_dims)
