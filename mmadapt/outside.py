"""What extends packages beside OpenMMLab's, registered when their parts are imported.

Both take seconds to import and most models need neither. Whoever has one of their
blocks has imported its file, before or after mmadapt; that is when its host comes.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from importlib import import_module
from types import ModuleType

from .compat.imports import after_import

__all__ = ['OUTSIDE', 'install']

OUTSIDE = {
    'timm.models': 'backbones.timm',
    'timm.models.beit': 'hosts.timm.beit',
    'timm.models.eva': 'hosts.timm.eva',
    'timm.models.swin_transformer': 'hosts.timm.swin',
    'timm.models.swin_transformer_v2': 'hosts.timm.swin_v2',
    'timm.models.vision_transformer': 'hosts.timm.vit',
    'transformers.models.dinov2.modeling_dinov2': 'hosts.transformers.dinov2',
    'transformers.models.videomae.modeling_videomae': 'hosts.transformers.videomae',
    'transformers.models.vit.modeling_vit': 'hosts.transformers.vit',
}
"""Their module -> ours that extends it."""


def install() -> None:
    """Register each part as soon as what it extends exists; safe to call again."""
    for theirs, ours in OUTSIDE.items():
        after_import(theirs, partial(_register, ours))


def _register(ours: str, _: ModuleType) -> None:
    # A release that lacks a name has nothing to extend, and mustn't fail to import.
    with suppress(ImportError):
        import_module(f'{__package__}.{ours}')
