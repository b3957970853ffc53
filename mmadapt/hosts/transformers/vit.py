"""The layer of the ViT in transformers."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers.models.vit.modeling_vit import (
    ViTAttention,
    ViTLayer,
    ViTModel,
)

from ...recompute import recomputable
from ..class_row import Read, register_row_trunk
from ..known import register_known
from .checkpoint import LayerHost
from .class_row import RowForward, read_of, register_known_rows

__all__ = ['AdaptedViTLayer', 'RowViTAttention']


@register_known(ViTLayer, 'b54601f4dc00')
class AdaptedViTLayer(LayerHost, ViTLayer):
    """The layer of ViTModel: ViT and DINO trunks."""

    @recomputable
    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        **options: Any,
    ) -> Tensor:
        """The layer's output for tokens ``hidden_states`` of shape ``(B, N, C)``."""
        x = hidden_states
        normed = self.layernorm_before(x)
        h, _ = self.attention(normed, attention_mask, **options)
        x = self.close_attn(x, self.dropout(h), normed)
        normed = self.layernorm_after(x)
        return self.close_mlp(x, self.dropout(self.mlp(normed)), normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.layernorm_after.normalized_shape[0])


class RowViTAttention(RowForward, ViTAttention):  # type: ignore[misc]
    """Its attention for the class token."""


register_known_rows(ViTAttention, RowViTAttention)


@register_row_trunk(ViTModel)
def class_token(trunk: Any) -> Read | str:
    """The class token, where features are made of it."""
    return read_of(trunk, trunk.layers)
