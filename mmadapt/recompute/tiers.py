"""The tiers of memory, from the most that is kept to the least."""

from __future__ import annotations

__all__ = ['TIERS']

TIERS = ('none', 'mlp', 'mlp+qkv', 'block')
"""What a block computes a second time in its backward pass.

Of a frozen pre-norm block with an MLP four times as wide, kept in tensors as large as
its input: 10 (``'none'``: input, q, k, v, the attention's output, the MLP's input, its
hidden layer as four), 6 (``'mlp'``: without the hidden layer), 3 (``'mlp+qkv'``), 1
(``'block'``: the input alone). Beside them the bottleneck of the adapter.
"""
