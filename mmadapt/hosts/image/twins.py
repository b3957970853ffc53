"""The two layers and trunks of Twins in MMPretrain: PCPVT and SVT."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.twins import (
    PCPVT,
    SVT,
    GSAEncoderLayer,
    LSAEncoderLayer,
)
from torch import Tensor

from ..base import AdapterHost, register_host
from ..trunks import AdaptedTrunk, register_trunk

__all__ = ['AdaptedGSALayer', 'AdaptedLSALayer', 'AdaptedPCPVT', 'AdaptedSVT']


class TwinsHost(AdapterHost):
    """What both layers compute."""

    branch_layout = True

    def forward(self, x: Tensor, hw_shape: tuple[int, int]) -> Tensor:
        """The layer's output for tokens ``x`` of shape ``(B, H*W, C)``."""
        normed = self.norm1(x)
        h = self.drop_path(self.attn(normed, hw_shape))
        x = self.close_attn(x, h, normed)
        normed = self.norm2(x)
        return self.close_mlp(x, self.drop_path(self.ffn(normed)), normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens at this stage."""
        return int(block.ffn.embed_dims)


@register_host(GSAEncoderLayer)
class AdaptedGSALayer(TwinsHost, GSAEncoderLayer):
    """Attention over all tokens, to a subsample of them."""


@register_host(LSAEncoderLayer)
class AdaptedLSALayer(TwinsHost, LSAEncoderLayer):
    """Attention over the tokens of a window."""


@register_trunk(PCPVT)
class AdaptedPCPVT(AdaptedTrunk, PCPVT):
    """PCPVT with adapters."""


@register_trunk(SVT)
class AdaptedSVT(AdaptedTrunk, SVT):
    """SVT with adapters."""
