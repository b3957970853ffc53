"""The block of Swin V2 in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.swin_transformer_v2 import SwinBlockV2
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedSwinBlockV2']


@register_host(SwinBlockV2)
class AdaptedSwinBlockV2(AdapterHost, SwinBlockV2):
    """The block of Swin V2, whose norms stand behind its branches.

    x' = x + LN(Attn(x)); the output is x' + LN(MLP(x')) + A(x'). The adapter reads
    what the MLP reads, the residual stream itself.
    """

    inputs = ('pre_norm',)

    def forward(self, x: Tensor, hw_shape: tuple[int, int]) -> Tensor:
        """The block's output for ``x`` of shape ``(B, H*W, C)``."""
        h = self.norm1(self.recompute(self.attn, x, hw_shape))
        x = self.close_attn(x, h, x)
        h = self.norm2(self.recompute(self.ffn, x))
        x = self.close_mlp(x, h, x)
        return self.norm3(x) if self.extra_norm else x

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens at this stage."""
        return int(block.ffn.embed_dims)
