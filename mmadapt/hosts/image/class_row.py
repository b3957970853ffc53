"""Trunks of MMPretrain that hand on their class token alone, and their attentions."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.models.backbones import (
    BEiTViT,
    DeiT3,
    T2T_ViT,
    VisionTransformer,
    ViTEVA02,
)
from mmpretrain.models.backbones import DistilledVisionTransformer as DistilledDeiT
from mmpretrain.models.backbones.vit_eva02 import AttentionWithRoPE
from mmpretrain.models.utils import BEiTAttention, MultiheadAttention
from torch import Tensor

from ..class_row import Read, first_qkv, register_row_attention, register_row_trunk

__all__ = ['RowAttention', 'RowBEiTAttention', 'RowRotaryAttention']


@register_row_attention(MultiheadAttention)
class RowAttention(MultiheadAttention):
    """The attention of ViT, DeiT, DeiT-3 and T2T-ViT."""

    rows: int

    def forward(self, x: Tensor) -> Tensor:
        """Its output for the first tokens of ``x``, ``(B, rows, C)``."""
        q, k, v = first_qkv(x, self.qkv, self.rows, self.num_heads)
        dropout = self.attn_drop if self.training else 0.0
        x = self.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
        x = self.proj(x.transpose(1, 2).flatten(2))
        return self.out_drop(self.gamma1(self.proj_drop(x)))  # type: ignore[no-any-return]


@register_row_attention(BEiTAttention)
class RowBEiTAttention(BEiTAttention):
    """The attention of BEiT, with its biases by relative position."""

    rows: int

    def forward(self, x: Tensor, rel_pos_bias: Tensor | None = None) -> Tensor:
        """Its output for the first tokens of ``x``, ``(B, rows, C)``.

        Args:
            x: Normed tokens ``(B, N, C)``.
            rel_pos_bias: The biases that all blocks share, ``(heads, N, N)``.
        """
        bias = None
        if self.bias == 'qv_bias':  # upstream, too, reads the layer's weight then
            none = torch.zeros_like(self.v_bias)
            bias = torch.cat((self.q_bias, none, self.v_bias))
        q, k, v = first_qkv(x, self.qkv, self.rows, self.num_heads, bias)
        scores = (q * self.scale) @ k.transpose(-2, -1)  # (B, heads, rows, N)
        if self.relative_position_bias_table is not None:
            index = self.relative_position_index[: self.rows]  # (rows, N)
            own = self.relative_position_bias_table[index]
            scores = scores + own.permute(2, 0, 1)
        if rel_pos_bias is not None:
            scores = scores + rel_pos_bias[:, : self.rows]
        x = self.attn_drop(scores.softmax(dim=-1)) @ v
        return self.proj_drop(self.proj(x.transpose(1, 2).flatten(2)))  # type: ignore[no-any-return]


@register_row_attention(AttentionWithRoPE)
class RowRotaryAttention(AttentionWithRoPE):
    """The attention of EVA-02, whose class token isn't rotated."""

    rows: int

    def forward(self, x: Tensor, patch_resolution: tuple[int, int]) -> Tensor:
        """Its output for the class token of ``x``, ``(B, 1, C)``.

        Args:
            x: Normed tokens ``(B, N, C)``.
            patch_resolution: Rows and columns of patches.
        """
        q, k, v = first_qkv(x, self.qkv, self.rows, self.num_heads)
        if self.rope:
            rotated = self.rope(k[:, :, 1:], patch_resolution)
            q, k = q.type_as(v), torch.cat((k[:, :, :1], rotated), -2).type_as(v)
        scores = (q * self.scale) @ k.transpose(-2, -1)
        x = self.attn_drop(scores.softmax(dim=-1).type_as(x)) @ v
        return self.proj_drop(self.proj(x.transpose(1, 2).flatten(2)))  # type: ignore[no-any-return]


def read_of(trunk: Any, layers: Any, rows: int = 1) -> Read | str:
    """What a trunk of MMPretrain hands on of its last layer."""
    if trunk.out_type != 'cls_token':
        return f'out_type={trunk.out_type!r} reads them'
    if trunk.cls_token is None:
        return 'it has no class token'
    block = layers[-1]
    if getattr(block.attn, 'v_shortcut', False):
        return 'its attention hands on the values of all tokens'
    return Read(block, block.attn, rows)


METHODS = ('forward', '_format_output')


@register_row_trunk(VisionTransformer, *METHODS)
@register_row_trunk(DeiT3, *METHODS)
@register_row_trunk(BEiTViT, *METHODS)
@register_row_trunk(ViTEVA02, *METHODS)
def class_token(trunk: Any) -> Read | str:
    """The class token, where ``out_type`` says so."""
    return read_of(trunk, trunk.layers)


@register_row_trunk(DistilledDeiT, *METHODS)
def two_tokens(trunk: Any) -> Read | str:
    """The class token and the distillation token behind it."""
    return read_of(trunk, trunk.layers, rows=2)


@register_row_trunk(T2T_ViT, *METHODS)
def t2t_token(trunk: Any) -> Read | str:
    """The class token; the layers have another name."""
    return read_of(trunk, trunk.encoder)
