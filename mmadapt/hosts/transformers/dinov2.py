"""The layer of DINOv2 in transformers."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers.models.dinov2.modeling_dinov2 import (
    Dinov2Attention,
    Dinov2Layer,
    Dinov2Model,
)

from ...recompute import recomputable
from ..class_row import Read, register_row_trunk
from ..known import register_known
from .checkpoint import LayerHost
from .class_row import RowForward, read_of, register_known_rows

__all__ = ['AdaptedDinov2Layer', 'RowDinov2Attention']


@register_known(Dinov2Layer, '8627cc16082e')
class AdaptedDinov2Layer(LayerHost, Dinov2Layer):
    """The layer of DINOv2, with layer scale."""

    @recomputable
    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        **options: Any,
    ) -> Tensor:
        """The layer's output for tokens ``hidden_states`` of shape ``(B, N, C)``."""
        x = hidden_states
        normed = self.norm1(x)
        h, _ = self.attention(normed, attention_mask=attention_mask, **options)
        x = self.close_attn(x, self.drop_path(self.layer_scale1(h)), normed)
        normed = self.norm2(x)
        h = self.drop_path(self.layer_scale2(self.mlp(normed)))
        return self.close_mlp(x, h, normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.norm2.normalized_shape[0])


class RowDinov2Attention(RowForward, Dinov2Attention):  # type: ignore[misc]
    """Its attention for the class token."""


register_known_rows(Dinov2Attention, RowDinov2Attention)


@register_row_trunk(Dinov2Model)
def class_token(trunk: Any) -> Read | str:
    """The class token, where features are made of it."""
    return read_of(trunk, trunk.encoder.layer)
