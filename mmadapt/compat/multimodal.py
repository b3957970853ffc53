"""The multimodal models of both frameworks don't import with today's transformers."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from .imports import after_import

__all__ = ['skip_multimodal']

GONE = 'apply_chunking_to_forward'
"""What they import from ``transformers.modeling_utils``, where releases had it once."""

SWITCHES = ('mmpretrain.utils.dependency', 'mmaction.utils.dependency')


def skip_multimodal() -> bool:
    """Let both frameworks be imported where transformers is newer than they are.

    They import all of their multimodal models as soon as any transformers is there,
    and fail. Switched off, those models raise when they are built, as they do where no
    transformers is installed.

    Returns:
        Whether the installed transformers is too new.
    """
    spec = find_spec('transformers')
    if spec is None or spec.origin is None:
        return False
    file = Path(spec.origin).parent / 'modeling_utils.py'
    if not file.is_file() or GONE in file.read_text(encoding='utf-8'):
        return False
    for switch in SWITCHES:
        after_import(switch, _switch_off)
    return True


def _switch_off(dependency: ModuleType) -> None:
    dependency.WITH_MULTIMODAL = False  # type: ignore[attr-defined]
