"""The two blocks of XCiT in MMPretrain."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.models.backbones.xcit import ClassAttentionBlock, XCABlock
from torch import Tensor

from ..base import AdapterHost, register_host

__all__ = ['AdaptedClassAttentionBlock', 'AdaptedXCABlock']


@register_host(XCABlock)
class AdaptedXCABlock(AdapterHost, XCABlock):
    """The block of XCiT: cross-covariance attention, local convolutions, MLP.

    The convolutions are a residual branch of their own, between the other two.
    """

    def forward(self, x: Tensor, H: int, W: int) -> Tensor:  # noqa: N803 - upstream's
        """The block's output for tokens ``x`` of shape ``(B, H*W, C)``."""
        normed = self.norm1(x)
        h = self.drop_path(self.gamma1 * self.attn(normed))
        x = self.close_attn(x, h, normed)
        x = x + self.drop_path(self.gamma3 * self.local_mp(self.norm3(x), H, W))
        normed = self.norm2(x)
        h = self.drop_path(self.gamma2 * self.ffn(normed, identity=0))
        return self.close_mlp(x, h, normed)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.ffn.embed_dims)


@register_host(ClassAttentionBlock)
class AdaptedClassAttentionBlock(AdapterHost, ClassAttentionBlock):
    """The block behind these, in which the class token attends to all tokens.

    Its MLP is that of the class token, c = LN(y): the output is c + MLP(c) + A(c), and
    x' is c, normed as the residual stream itself is. No norm of c is in the block. The
    attention branch is one of all tokens; that of the patches is their norm.
    """

    inputs = ('pre_norm',)

    def forward(self, x: Tensor) -> Tensor:
        """The block's output for tokens ``x`` of shape ``(B, 1 + N, C)``."""
        normed = self.norm1(x)
        h = torch.cat([self.attn(normed), normed[:, 1:]], dim=1)
        x = self.close_attn(x, self.drop_path(self.gamma1 * h), normed)
        if self.tokens_norm:
            x = self.norm2(x)
        else:
            x = torch.cat([self.norm2(x[:, :1]), x[:, 1:]], dim=1)
        token, patches = x[:, :1], x[:, 1:]
        h = self.gamma2 * self.ffn(token, identity=0)
        h = self.drop_path(torch.cat([h, patches], dim=1))
        token = self.close_mlp(token, h[:, :1], token)
        return torch.cat([token, patches + h[:, 1:]], dim=1)

    @staticmethod
    def width(block: Any) -> int:
        """Width C of the tokens."""
        return int(block.ffn.embed_dims)
