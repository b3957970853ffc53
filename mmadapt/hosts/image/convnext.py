"""The block of ConvNeXt and ConvNeXt V2 in MMPretrain, EdgeNeXt has it too."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.convnext import ConvNeXtBlock
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedConvNeXtBlock']


@register_host(ConvNeXtBlock)
class AdaptedConvNeXtBlock(AdapterHost, ConvNeXtBlock):
    """The block of ConvNeXt: one skip around a depthwise convolution and the MLP.

    x' is what the convolution gives, x + MLP(LN(x')) + A(x') the output.
    """

    branches = ('mlp',)
    channel_dim = 1

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for ``x`` of shape ``(B, C, H, W)``."""
        front = self.depthwise_conv(x)
        h = self.drop_path(self.recompute(self.pointwise, front))
        return self.close_mlp(x, h, self.norm, read=front)

    def pointwise(self, front: Tensor) -> Tensor:
        """Norm, MLP and layer scale."""
        last = self.linear_pw_conv
        form = 'channel_last' if last else 'channel_first'
        h = front.permute(0, 2, 3, 1) if last else front
        h = self.act(self.pointwise_conv1(self.norm(h, data_format=form)))
        if self.grn is not None:
            h = self.grn(h, data_format=form)
        h = self.pointwise_conv2(h)
        h = h.permute(0, 3, 1, 2) if last else h
        return h if self.gamma is None else h.mul(self.gamma.view(1, -1, 1, 1))

    @staticmethod
    def width(block: Any) -> int:
        """Width C at this stage."""
        return int(block.depthwise_conv.in_channels)
