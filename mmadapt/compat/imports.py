"""Mending a module as soon as somebody imports it, without importing it ourselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TypeAlias

__all__ = ['after_import']

Mend: TypeAlias = Callable[[ModuleType], None]


def after_import(name: str, mend: Mend) -> None:
    """Call ``mend`` with a module once it is imported, at once if it has been.

    Args:
        name: Full name of the module; it need not be installed.
        mend: Changes the module in place; harmless when called again.
    """
    if name in sys.modules:
        mend(sys.modules[name])
        return
    waiting = {finder.name for finder in sys.meta_path if isinstance(finder, Finder)}
    if name not in waiting:
        sys.meta_path.insert(0, Finder(name, mend))


class Finder(MetaPathFinder):
    """Finds one module where Python finds it, and mends it after it has run."""

    def __init__(self, name: str, mend: Mend) -> None:
        self.name = name
        self.mend = mend

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The module's own spec, with a loader that mends it afterwards."""
        if fullname != self.name:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = MendingLoader(spec.loader, self.mend)
        return spec


class MendingLoader(Loader):
    """The loader of a module, with one more step at the end."""

    def __init__(self, inner: Loader, mend: Mend) -> None:
        self.inner = inner
        self.mend = mend

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the module's own loader does."""
        return self.inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then mend it."""
        self.inner.exec_module(module)
        self.mend(module)
