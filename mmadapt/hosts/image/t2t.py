"""The layer of T2T-ViT in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.t2t_vit import T2TTransformerLayer
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedT2TLayer']


@register_host(T2TTransformerLayer)
class AdaptedT2TLayer(AdapterHost, T2TTransformerLayer):
    """The layer of T2T-ViT.

    Those that make the tokens, in front of the trunk, replace their residual stream by
    the attention's output, which is x' there: they take adapters beside the MLP alone.
    They are a stage of their own, ``dict(stages=[-1])`` leaves them out.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output for tokens ``x`` of shape ``(B, N, C)``."""
        normed = self.ln1(x)
        h = self.attn(normed)
        x = h if self.v_shortcut else self.close_attn(x, h, normed)
        normed = self.ln2(x)
        return self.close_mlp(x, self.ffn(normed, identity=0), normed)

    @classmethod
    def branches_of(cls, block: Any) -> tuple[str, ...]:
        """The MLP alone where the attention has no skip around it."""
        return ('mlp',) if block.v_shortcut else cls.branches

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.ffn.embed_dims)
