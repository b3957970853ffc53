"""Hosts for packages beside OpenMMLab's, registered when their blocks are imported.

Both take seconds to import and most models need neither. Whoever has one of their
blocks has imported its file, before or after mmadapt; that is when its host comes.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from importlib import import_module
from types import ModuleType

from ..compat.imports import after_import

__all__ = ['OUTSIDE', 'install']

OUTSIDE = {
    'timm.models.beit': 'timm.beit',
    'timm.models.eva': 'timm.eva',
    'timm.models.swin_transformer': 'timm.swin',
    'timm.models.swin_transformer_v2': 'timm.swin_v2',
    'timm.models.vision_transformer': 'timm.vit',
    'transformers.models.dinov2.modeling_dinov2': 'transformers.dinov2',
    'transformers.models.videomae.modeling_videomae': 'transformers.videomae',
    'transformers.models.vit.modeling_vit': 'transformers.vit',
}
"""File with blocks -> file in this package with their hosts."""


def install() -> None:
    """Register every host as soon as its block exists; safe to call again."""
    for blocks, hosts in OUTSIDE.items():
        after_import(blocks, partial(_register, hosts))


def _register(hosts: str, _: ModuleType) -> None:
    # A release that lacks one of the blocks has nothing to host, and mustn't fail here.
    with suppress(ImportError):
        import_module(f'{__package__}.{hosts}')
