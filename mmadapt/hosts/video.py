"""Hosts for the blocks of MMAction2."""

from __future__ import annotations

from typing import Any

from mmaction.models.backbones.vit_mae import Block
from torch import Tensor

from .base import AdapterHost, register_host

__all__ = ['AdaptedVideoMAEBlock']


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
