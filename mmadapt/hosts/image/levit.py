"""The MLP of LeViT in MMPretrain, with the skip around it."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.levit import MLP, Residual
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedResidual']


@register_host(Residual)
class AdaptedResidual(AdapterHost, Residual):
    """The skip around an MLP of LeViT, which has BatchNorm inside and no LN in front.

    LeViT puts every branch into a skip of its own; those around attention stay as
    they are.
    """

    branches = ('mlp',)
    inputs = ('pre_norm',)

    def forward(self, x: Tensor) -> Tensor:
        """X' + MLP(x') + A(x') for tokens ``x`` of shape ``(B, N, C)``."""
        return self.close_mlp(x, self.drop_path(self.block(x)), x)

    @classmethod
    def fits(cls, block: Any) -> bool:
        """Whether the skip is around an MLP."""
        return isinstance(block.block, MLP)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens at this stage."""
        linear = block.block.linear1  # merged with its BatchNorm when deployed
        return int(getattr(linear, 'linear', linear).in_features)
