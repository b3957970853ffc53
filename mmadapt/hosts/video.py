"""Hosts for the blocks of MMAction2."""

from __future__ import annotations

from typing import Any

from mmaction.models.backbones.swin import SwinTransformerBlock3D
from mmaction.models.backbones.vit_mae import Block, VisionTransformer
from torch import Tensor

from ..adapters import TokenGrid
from .base import AdapterHost, PromptHost, register_host
from .grid import register_grid

__all__ = ['AdaptedSwinBlock3D', 'AdaptedVideoMAEBlock', 'PromptedVideoMAEBlock']


@register_host(Block)
class AdaptedVideoMAEBlock(AdapterHost, Block):
    """The block of VideoMAE's ViT, with or without layer scale."""

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        x = self.close_attn(x, self.scaled(self.attn(self.norm1(x)), 'gamma_1'))
        normed = self.norm2(x)
        return self.close_mlp(x, self.scaled(self.mlp(normed), 'gamma_2'), normed)

    def scaled(self, h: Tensor, gamma: str) -> Tensor:
        """A branch behind layer scale (where there is one) and stochastic depth."""
        if hasattr(self, gamma):
            h = getattr(self, gamma) * h
        return self.drop_path(h)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.mlp.embed_dims)


@register_host(Block)
class PromptedVideoMAEBlock(PromptHost, Block):
    """The block of VideoMAE's ViT with prompts."""

    width = staticmethod(AdaptedVideoMAEBlock.width)


@register_grid(VisionTransformer)
def vit_grid(trunk: VisionTransformer) -> TokenGrid:
    """Tubelets over time and place; VideoMAE has no class token."""
    height, width = trunk.grid_size
    return TokenGrid(0, trunk.pos_embed.shape[1] // (height * width), height, width)


@register_host(SwinTransformerBlock3D)
class AdaptedSwinBlock3D(AdapterHost, SwinTransformerBlock3D):
    """The block of Video Swin."""

    def forward(self, x: Tensor, mask_matrix: Tensor) -> Tensor:
        """The block's output for ``x`` of shape ``(B, T, H, W, C)``."""
        h = self.recompute(self.forward_part1, x, mask_matrix)
        x = self.close_attn(x, self.drop_path(h))
        normed = self.norm2(x)
        h = self.drop_path(self.recompute(self.mlp, normed))
        return self.close_mlp(x, h, normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C at this stage."""
        return int(block.embed_dims)
