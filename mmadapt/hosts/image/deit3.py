"""The layer of DeiT-3 in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.deit3 import DeiT3TransformerEncoderLayer
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedDeiT3Layer']


@register_host(DeiT3TransformerEncoderLayer)
class AdaptedDeiT3Layer(AdapterHost, DeiT3TransformerEncoderLayer):
    """The layer of DeiT-3.

    MMPretrain puts ``ln1`` in front of the MLP too, and never uses ``ln2``; the host
    computes what MMPretrain computes.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output for tokens ``x`` of shape ``(B, N, C)``."""
        normed = self.ln1(x)
        x = self.close_attn(x, self.attn(normed), normed)
        normed = self.ln1(x)
        return self.close_mlp(x, self.ffn(normed, identity=0), normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.embed_dims)
