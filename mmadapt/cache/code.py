"""The code of classes and functions, as it stands in their files."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..errors import class_name
from .replay import LettingBy, Replaying

__all__ = ['code_of', 'function_code', 'own_class', 'versioned']

VERSIONED = {'builtins', 'torch', 'torchvision', 'numpy', 'mmengine'}
"""Packages whose version is in the key by itself: it says all about their classes."""


def own_class(kind: type) -> type:
    """A class without what the cache has put over it, to read activations.

    Args:
        kind: Any class.
    """
    return next(b for b in kind.__mro__ if not issubclass(b, Replaying | LettingBy))


def versioned(kind: type) -> bool:
    """Whether the key knows a class by its package's version.

    Args:
        kind: Any class.
    """
    return module_of(kind).partition('.')[0] in VERSIONED


@cache
def code_of(kind: type) -> str:
    """A hash of the code of a class and of those that it is derived from.

    Args:
        kind: A class; see :func:`own_class`.
    """
    total = hashlib.sha256()
    for base in own_class(kind).__mro__:
        if not versioned(base):
            total.update(f'{class_name(base)}\n{source_of(base)}\n'.encode())
    return total.hexdigest()


def function_code(function: Callable[..., Any]) -> str:
    """A function's name, and a hash of its code.

    Args:
        function: A function of Python.
    """
    name = f'{module_of(function)}.{function.__qualname__}'
    return f'{name} {hashlib.sha256(source_of(function).encode()).hexdigest()}'


def source_of(thing: Any) -> str:
    """The code of a class or function.

    Where it can't be found, as of a class that a program has made, what Python runs,
    the whole file that it comes from, or the version of its package, stands for it.
    """
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        pass
    if hasattr(thing, '__code__'):
        return f'{thing.__code__.co_code.hex()} {thing.__code__.co_names}'
    file = getattr(sys.modules.get(module_of(thing)), '__file__', None)
    try:
        return hashlib.sha256(Path(file or '').read_bytes()).hexdigest()
    except OSError:
        pass
    package = module_of(thing).partition('.')[0]
    try:
        return f'{package} {version(package)}'
    except (PackageNotFoundError, ValueError):
        return package


def module_of(thing: Any) -> str:
    """The module of a class or function, as far as it has one."""
    return str(thing.__module__ or '')
