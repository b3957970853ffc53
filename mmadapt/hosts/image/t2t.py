"""The layer of T2T-ViT in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.t2t_vit import T2TTransformerLayer
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedT2TLayer']


@register_host(T2TTransformerLayer)
class AdaptedT2TLayer(AdapterHost, T2TTransformerLayer):
    """The layer of T2T-ViT's trunk.

    Those that make the tokens, in front of it, replace their residual stream by the
    attention's output; they count as patch embedding and stay frozen.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output for tokens ``x`` of shape ``(B, N, C)``."""
        normed = self.ln1(x)
        x = self.close_attn(x, self.attn(normed), normed)
        normed = self.ln2(x)
        return self.close_mlp(x, self.ffn(normed, identity=0), normed)

    @classmethod
    def fits(cls, block: Any) -> bool:
        """Whether the layer keeps its residual stream, as all of the trunk do."""
        return not block.v_shortcut

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.ffn.embed_dims)
