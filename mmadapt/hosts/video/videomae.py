"""The block of VideoMAE in MMAction2, and its prompts."""

from __future__ import annotations

from typing import Any

from mmaction.models.backbones.vit_mae import Block, VisionTransformer
from torch import Tensor

from ...adapters import TokenGrid
from ...recompute import Halves
from ..base import AdapterHost, PromptHost, register_host
from ..ffn import is_identity, plain_linears
from ..grid import register_grid

__all__ = ['AdaptedVideoMAEBlock', 'PromptedVideoMAEBlock']


@register_host(Block)
class AdaptedVideoMAEBlock(AdapterHost, Block):
    """The block of VideoMAE's ViT, with or without layer scale."""

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, N, C)``."""
        normed = self.norm1(x)
        x = self.close_attn(x, self.scaled(self.attn(normed), 'gamma_1'), normed)
        normed = self.norm2(x)
        return self.close_mlp(x, self.scaled(self.mlp(normed), 'gamma_2'), normed)

    def scaled(self, h: Tensor, gamma: str) -> Tensor:
        """A branch behind layer scale (where there is one) and stochastic depth."""
        if hasattr(self, gamma):
            h = getattr(self, gamma) * h
        return self.drop_path(h)

    def halves(self) -> Halves:
        """The block as two halves."""
        bare = not hasattr(self, 'gamma_2') and is_identity(self.drop_path)
        return Halves(
            self.norm1,
            lambda normed: self.scaled(self.attn(normed), 'gamma_1'),
            self.norm2,
            lambda normed: self.scaled(self.mlp(normed), 'gamma_2'),
            plain_linears(self.mlp) if bare else None,
        )

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
