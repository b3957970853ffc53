"""The block of MLP-Mixer in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.mlp_mixer import MixerBlock
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedMixerBlock']


@register_host(MixerBlock)
class AdaptedMixerBlock(AdapterHost, MixerBlock):
    """The block of MLP-Mixer: token mixing stands in the place of attention."""

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        normed = self.norm1(x)
        h = self.token_mix(normed.transpose(1, 2)).transpose(1, 2)
        x = self.close_attn(x, h, normed)
        normed = self.norm2(x)
        return self.close_mlp(x, self.channel_mix(normed, identity=0), normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.channel_mix.embed_dims)
