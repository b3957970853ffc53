"""Blocks of MMPretrain whose equations leave no room for an adapter."""

from __future__ import annotations

from mmpretrain.models.backbones.revvit import RevTransformerEncoderLayer

from ..base import refuse_host

__all__: list[str] = []

refuse_host(
    RevTransformerEncoderLayer,
    'its own backward pass, which recomputes both of its streams, knows no adapter, '
    'and behind a frozen stem it is never run.',
)
