"""The layer of VideoMAE in transformers."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers.models.videomae.modeling_videomae import VideoMAELayer

from ...recompute import recomputable
from ..known import register_known
from .checkpoint import LayerHost

__all__ = ['AdaptedVideoMAELayer']


@register_known(VideoMAELayer, 'ad07dbde6bc2')
class AdaptedVideoMAELayer(LayerHost, VideoMAELayer):
    """The layer of VideoMAE; its parts are named as those of a text model."""

    @recomputable
    def forward(self, hidden_states: Tensor, **options: Any) -> Tensor:
        """The layer's output for tokens ``hidden_states`` of shape ``(B, N, C)``."""
        x = hidden_states
        normed = self.layernorm_before(x)
        x = self.close_attn(x, self.attention(normed, **options), normed)
        normed = self.layernorm_after(x)
        # `output` adds the skip itself: zeros leave the branch alone, to the bit.
        h = self.output(self.intermediate(normed), 0)
        return self.close_mlp(x, h, normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.layernorm_after.normalized_shape[0])
