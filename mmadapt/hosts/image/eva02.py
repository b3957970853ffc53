"""The layer of EVA-02 in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.vit_eva02 import EVA02EndcoderLayer
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedEVA02Layer']


@register_host(EVA02EndcoderLayer)
class AdaptedEVA02Layer(AdapterHost, EVA02EndcoderLayer):
    """The layer of EVA-02: rotary positions and a gated MLP."""

    def forward(self, x: Tensor, patch_resolution: tuple[int, int]) -> Tensor:
        """The layer's output for tokens ``x`` of shape ``(B, N, C)``."""
        normed = self.norm1(x)
        h = self.drop_path(self.attn(normed, patch_resolution))
        x = self.close_attn(x, h, normed)
        normed = self.norm2(x)
        return self.close_mlp(x, self.drop_path(self.mlp(normed)), normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.mlp.embed_dims)
