"""The layer of BEiT, BEiT-2 and EVA in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.beit import BEiTTransformerEncoderLayer
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedBEiTLayer']


@register_host(BEiTTransformerEncoderLayer)
class AdaptedBEiTLayer(AdapterHost, BEiTTransformerEncoderLayer):
    """The layer of BEiT, with or without layer scale."""

    def forward(self, x: Tensor, rel_pos_bias: Tensor | None) -> Tensor:
        """The layer's output for tokens ``x`` of shape ``(B, N, C)``."""
        normed = self.ln1(x)
        h = self.scaled(self.attn(normed, rel_pos_bias=rel_pos_bias), self.gamma_1)
        x = self.close_attn(x, h, normed)
        normed = self.ln2(x)
        return self.close_mlp(x, self.scaled(self.ffn(normed), self.gamma_2), normed)

    def scaled(self, h: Tensor, gamma: Tensor | None) -> Tensor:
        """A branch behind layer scale (where there is one) and stochastic depth."""
        return self.drop_path(h if gamma is None else gamma * h)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.embed_dims)
