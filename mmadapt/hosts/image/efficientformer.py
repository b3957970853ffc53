"""The two blocks of EfficientFormer in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.efficientformer import Meta3D, Meta4D
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedMeta3D', 'AdaptedMeta4D']


@register_host(Meta3D)
class AdaptedMeta3D(AdapterHost, Meta3D):
    """The block of the last stage: attention over tokens."""

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        normed = self.norm1(x)
        h = self.drop_path(self.ls1(self.token_mixer(normed)))
        x = self.close_attn(x, h, normed)
        normed = self.norm2(x)
        return self.close_mlp(x, self.drop_path(self.ls2(self.mlp(normed))), normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.mlp.fc1.in_features)


@register_host(Meta4D)
class AdaptedMeta4D(AdapterHost, Meta4D):
    """The block of the other stages: pooling and 1 x 1 convolutions, without norms."""

    inputs = ('pre_norm',)
    channel_dim = 1

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for ``x`` of shape ``(B, C, H, W)``."""
        h = self.drop_path(self.ls1(self.token_mixer(x)))
        x = self.close_attn(x, h, x)
        return self.close_mlp(x, self.drop_path(self.ls2(self.mlp(x))), x)

    @staticmethod
    def width(block: Any) -> int:
        """Width C at this stage."""
        return int(block.mlp.fc1.in_channels)
