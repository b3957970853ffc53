"""The attention of transformers' ViT and DINOv2 for the class token, and its trunks."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ..class_row import Read, register_row_attention
from ..known import forward_digest

__all__ = ['RowForward', 'read_of', 'register_known_rows']

KNOWN = ('b71b57306e61',)
"""Digests of the attention's forwards that are re-stated here."""


def register_known_rows(attention: type[nn.Module], of_rows: type[nn.Module]) -> None:
    """Register the attention of rows where the installed one is one of those known."""
    if forward_digest(attention) in KNOWN:
        register_row_attention(attention)(of_rows)


class RowForward:
    """The forward of such an attention for its first tokens: put in front of it."""

    rows: int

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        **options: Any,
    ) -> tuple[Tensor, None]:
        """Their output ``(B, rows, C)``, and no weights.

        Args:
            hidden_states: Normed tokens ``(B, N, C)``.
            attention_mask: Of all tokens, ``(B, 1, N, N)``.
            options: What the block hands on, of which the attention reads nothing.
        """
        return rows_of(self, hidden_states, attention_mask), None


def rows_of(attention: Any, x: Tensor, mask: Tensor | None) -> Tensor:
    """An attention's output for the first tokens, ``(B, rows, C)``.

    Args:
        attention: With ``rows``.
        x: Normed tokens ``(B, N, C)``.
        mask: Of all tokens, ``(B, 1, N, N)``, or None.
    """
    rows, size = attention.rows, attention.head_dim

    def heads(tokens: Tensor) -> Tensor:
        return tokens.unflatten(-1, (-1, size)).transpose(1, 2)  # (B, heads, n, size)

    x = F.scaled_dot_product_attention(
        heads(attention.q_proj(x[:, :rows])),
        heads(attention.k_proj(x)),
        heads(attention.v_proj(x)),
        attn_mask=None if mask is None else mask[..., :rows, :],
        dropout_p=attention.attention_dropout if attention.training else 0.0,
        scale=attention.scaling,
    )
    return attention.o_proj(x.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


def read_of(trunk: Any, layers: Any) -> Read | str:
    """What a model that was built as a backbone makes features of."""
    pool = getattr(trunk, 'pool', None)
    if pool is None:
        return 'it hands on all tokens'
    if pool != 'cls_token':
        return f'pool={pool!r} reads them'
    block = layers[-1]
    return Read(block, block.attention, 1)
