"""The block of RIFormer in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.riformer import RIFormerBlock
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedRIFormerBlock']


@register_host(RIFormerBlock)
class AdaptedRIFormerBlock(AdapterHost, RIFormerBlock):
    """The block of RIFormer, as it is trained and as it is deployed.

    In front of its MLP stands an affine map, merged with its norm when the model is
    deployed: nothing that an adapter could stand beside in both forms.
    """

    branches = ('mlp',)
    channel_dim = 1

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for ``x`` of shape ``(B, C, H, W)``."""
        if hasattr(self, 'norm_reparam'):
            h = self.norm_reparam(x)
        else:
            h = self.token_mixer(self.norm1(x))
        x = x + self.scaled(h, self.layer_scale_1)
        normed = self.norm2(x)
        return self.close_mlp(
            x, self.scaled(self.mlp(normed), self.layer_scale_2), normed
        )

    def scaled(self, h: Tensor, gamma: Tensor) -> Tensor:
        """A branch behind layer scale and stochastic depth."""
        return self.drop_path(gamma.unsqueeze(-1).unsqueeze(-1) * h)

    @staticmethod
    def width(block: Any) -> int:
        """Width C at this stage."""
        return int(block.dim)
