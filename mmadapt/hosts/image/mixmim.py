"""The block of MixMIM in MMPretrain."""

from __future__ import annotations

from typing import Any

from mmpretrain.models.backbones.mixmim import MixMIMBlock, MixMIMLayer
from torch import Tensor

from ..base import AdapterHost, register_host
from ..stages import AdaptedStage, register_stage

__all__ = ['AdaptedMixMIMBlock', 'AdaptedMixMIMLayer']


@register_host(MixMIMBlock)
class AdaptedMixMIMBlock(AdapterHost, MixMIMBlock):
    """The block of MixMIM, with attention in windows."""

    def forward(self, x: Tensor, attn_mask: Tensor | None = None) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, H*W, C)``."""
        normed = self.ln1(x)
        h = self.drop_path(self.attended(normed, attn_mask))
        x = self.close_attn(x, h, normed)
        normed = self.norm2(x)
        return self.close_mlp(x, self.ffn(normed, identity=0), normed)

    def attended(self, normed: Tensor, mask: Tensor | None) -> Tensor:
        """The attention branch, window by window."""
        height, width = self.input_resolution
        batch, _, channels = normed.shape
        windows = self.windows(normed.view(batch, height, width, channels))
        if mask is not None:
            mask = mask.repeat(batch, 1, 1).view(batch, height, width, 1)
            mask = self.windows(mask)
        h = self.attn(windows, mask=mask)
        h = h.view(-1, self.window_size, self.window_size, channels)
        h = self.window_reverse(h, height, width, self.window_size)
        return h.view(batch, height * width, channels)

    def windows(self, x: Tensor) -> Tensor:
        """Windows ``(B * windows, tokens, C)`` of ``x`` of shape ``(B, H, W, C)``."""
        parts = self.window_partition(x, self.window_size)
        return parts.view(-1, self.window_size * self.window_size, x.shape[-1])

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens at this stage."""
        return int(block.embed_dims)


@register_stage(MixMIMLayer)
class AdaptedMixMIMLayer(AdaptedStage, MixMIMLayer):
    """A stage of such blocks."""

    def forward(self, x: Tensor, attn_mask: Tensor | None = None) -> Tensor:
        """The stage's output ``(B, N', C')`` for tokens ``x`` of ``(B, N, C)``."""
        for block in self.blocks:
            x = self.run(block, x, attn_mask)
        if self.downsample is not None:
            x, _ = self.downsample(x, self.input_resolution)
        return x
