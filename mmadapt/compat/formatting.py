"""Formatting a config's text, which MMEngine does anew for each checkpoint."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

from mmengine.config import config

__all__ = ['format_configs_once']

KEPT = 4
"""Texts: a run has one config, and now and then a changed one."""


def format_configs_once() -> bool:
    """Keep the formatted texts of the last configs.

    A run asks for its config's text five times before the first iteration, and at each
    checkpoint; yapf takes some tenths of a second to format it.

    Returns:
        Whether this was not done before.
    """
    upstream: Callable[..., Any] = config.FormatCode
    if hasattr(upstream, 'upstream'):
        return False
    lock = Lock()
    kept: OrderedDict[tuple[str, str], Any] = OrderedDict()

    def format_code(text: str, **options: Any) -> Any:
        """As yapf formats it, from memory where it has."""
        key = text, repr(options)
        with lock:
            if key in kept:
                kept.move_to_end(key)
            else:
                kept[key] = upstream(text, **options)
                if len(kept) > KEPT:
                    kept.popitem(last=False)
            return kept[key]

    format_code.upstream = upstream  # type: ignore[attr-defined]
    config.FormatCode = format_code
    return True
