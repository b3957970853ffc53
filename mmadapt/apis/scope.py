"""The scope in which plain type names are looked up."""

from __future__ import annotations

from contextlib import contextmanager
from threading import RLock
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope

__all__ = ['in_scope']

SCOPE = RLock()


@contextmanager
def in_scope(cfg: Config) -> Any:
    """Plain type names mean those of the config's library.

    The scope is the whole process's: threads wait for one another.
    """
    with SCOPE, DefaultScope.overwrite_default_scope(cfg.default_scope):
        yield
