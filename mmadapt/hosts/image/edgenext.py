"""The transformer block of EdgeNeXt in MMPretrain."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.models.backbones.edgenext import SDTAEncoder
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedSDTAEncoder']


@register_host(SDTAEncoder)
class AdaptedSDTAEncoder(AdapterHost, SDTAEncoder):
    """The block of EdgeNeXt: convolutions, attention over channels, and the MLP.

    The MLP reads LN(x') behind convolutions and attention, and is added to the input
    of the block; so is A(x').
    """

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for ``x`` of shape ``(B, C, H, W)``."""
        batch, channels, height, width = x.shape
        front = self.convolved(x).reshape(batch, channels, -1).permute(0, 2, 1)
        if self.pos_embed:
            place = self.pos_embed((batch, height, width))
            front = front + place.reshape(batch, channels, -1).permute(0, 2, 1)
        normed = self.norm_csa(front)
        h = self.drop_path(self.gamma_csa * self.csa(normed))
        front = self.close_attn(front, h, normed)
        front = front.reshape(batch, height, width, channels)
        normed = self.norm(front)
        h = self.pointwise_conv2(self.act(self.pointwise_conv1(normed)))
        h = self.drop_path(h if self.gamma is None else self.gamma * h)
        x = self.close_mlp(x.permute(0, 2, 3, 1), h, normed, read=front)
        return x.permute(0, 3, 1, 2)

    def convolved(self, x: Tensor) -> Tensor:
        """Groups of channels, each convolved together with what came of the last."""
        parts = torch.split(x, self.conv_channels, dim=1)
        done: list[Tensor] = []
        for index in range(self.num_convs):
            part = parts[index] if index == 0 else done[-1] + parts[index]
            done.append(self.conv_modules[index](part))
        return torch.cat([*done, parts[self.num_convs]], dim=1)

    @staticmethod
    def width(block: Any) -> int:
        """Width C at this stage."""
        return int(block.pointwise_conv1.in_features)
