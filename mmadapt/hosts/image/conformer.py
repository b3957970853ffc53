"""The trunk of Conformer in MMPretrain, whose blocks hold a layer of a ViT."""

from __future__ import annotations

from mmpretrain.models.backbones.conformer import Conformer

from ..trunks import AdaptedTrunk, register_trunk

__all__ = ['AdaptedConformer']


@register_trunk(Conformer)
class AdaptedConformer(AdaptedTrunk, Conformer):
    """Conformer with adapters."""
