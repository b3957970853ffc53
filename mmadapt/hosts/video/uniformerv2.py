"""The two blocks of UniFormerV2 in MMAction2."""

from __future__ import annotations

from typing import Any

import torch
from mmaction.models.backbones.uniformerv2 import Extractor, ResidualAttentionBlock
from torch import Tensor, nn

from ..base import AdapterHost, register_host

__all__ = ['AdaptedExtractor', 'AdaptedResidualAttentionBlock']


@register_host(ResidualAttentionBlock)
class AdaptedResidualAttentionBlock(AdapterHost, ResidualAttentionBlock):
    """The image block of CLIP, with convolutions over time where it is told so."""

    def forward(self, x: Tensor, T: int = 8) -> Tensor:  # noqa: N803 - upstream's name
        """The block's output for tokens ``x`` of shape ``(1 + H*W, B*T, C)``."""
        if not self.no_lmhra:
            x = self.along_time(self.lmhra1, x, T)
        normed = self.ln_1(x)
        x = self.close_attn(x, self.drop_path(self.attention(normed)), normed)
        if not self.no_lmhra and self.double_lmhra:
            x = self.along_time(self.lmhra2, x, T)
        normed = self.ln_2(x)
        return self.close_mlp(x, self.drop_path(self.mlp(normed)), normed)

    def along_time(self, conv: nn.Module, x: Tensor, frames: int) -> Tensor:
        """``x`` with a convolution's branch added to all tokens but the class token."""
        tokens = x[1:]
        count, batch, width = tokens.shape
        side = int(count**0.5)
        grid = tokens.view(side, side, batch // frames, frames, width)
        grid = grid.permute(2, 4, 3, 0, 1).contiguous()
        grid = grid + self.drop_path(conv(grid))
        tokens = grid.flatten(3).permute(3, 0, 2, 1).reshape(tokens.shape)
        return torch.cat([x[:1], tokens])

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.ln_2.normalized_shape[0])


@register_host(Extractor)
class AdaptedExtractor(AdapterHost, Extractor):
    """The block in which the clip's token reads a layer's tokens.

    Its residual stream is that one token. These blocks stand behind all image blocks
    in the model, and so in ``layers``: ``dict(first=12)`` leaves them out of a ViT-B.
    """

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The token ``x``, (1, B, C), behind the block; it reads ``y``, (N, B, C)."""
        normed = self.ln_1(x)
        h = self.drop_path(self.attention(normed, self.ln_3(y)))
        x = self.close_attn(x, h, normed)
        normed = self.ln_2(x)
        return self.close_mlp(x, self.drop_path(self.mlp(normed)), normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the clip's token."""
        return int(block.ln_2.normalized_shape[0])
