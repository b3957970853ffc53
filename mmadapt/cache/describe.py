"""Values as texts that are the same exactly where the values are."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch

from ..errors import class_name
from ..weights.fingerprint import hash_tensor
from .code import code_of, function_code

__all__ = ['describe']

ADDRESS = re.compile(r' at 0x[0-9A-Fa-f]+')
"""What a text of an object says of its place in memory, another one in each run."""

PLAIN = (bool, int, float, complex, bytes, type(None))


def describe(value: Any, folders: bool = True) -> str:
    """A text of a value, and of all that is in it.

    A path of a file comes with size and time of its last change; arrays and tensors
    are hashed by shape, type and bits; of an object how it calls itself counts, and the
    code of its class. Not its attributes: some hold a process's rank, or a time.

    Args:
        value: Anything.
        folders: Whether the files in a folder count too where a text is its path.
    """
    return Describing(folders).text(value)


class Describing:
    """The same, going down.

    Args:
        folders: As in :func:`describe`.
    """

    def __init__(self, folders: bool) -> None:
        self.folders = folders
        self.open: set[int] = set()

    def text(self, value: Any) -> str:
        """Of any value."""
        if isinstance(value, str | Path):
            return f'{str(value)!r}{self.file(value)}'
        if isinstance(value, PLAIN):
            return repr(value)
        if isinstance(value, torch.Tensor):
            return self.tensor(value)
        if isinstance(value, np.ndarray) and value.dtype != object:
            head = f'{value.shape} {value.dtype} '.encode()
            return f'array {hashlib.sha256(head + value.tobytes()).hexdigest()}'
        if isinstance(value, np.generic):
            return f'{value.dtype} {value.tobytes().hex()}'
        if id(value) in self.open:
            return 'itself'
        with self.opened(value):
            text = self.structure(value)
        # Short, however deep it goes: each level would escape the one below.
        return f'{type(value).__name__} {hashlib.sha256(text.encode()).hexdigest()}'

    @contextmanager
    def opened(self, value: Any) -> Iterator[None]:
        """Know a value inside itself."""
        self.open.add(id(value))
        try:
            yield
        finally:
            self.open.remove(id(value))

    def structure(self, value: Any) -> str:
        """Of what holds others."""
        if isinstance(value, Mapping):
            pairs = ((self.text(k), self.text(part)) for k, part in value.items())
            return f'dict {json.dumps(sorted(pairs))}'
        if isinstance(value, list | tuple):
            return f'{type(value).__name__} {self.all(value)}'
        if isinstance(value, np.ndarray):
            return f'objects {value.shape} {self.all(value.ravel())}'
        if isinstance(value, set | frozenset):
            return f'set {json.dumps(sorted(map(self.text, value)))}'
        if isinstance(value, type):
            return f'{class_name(value)} {code_of(value)}'
        if isinstance(value, FunctionType):
            inside = [cell.cell_contents for cell in filled(value)]
            given = (value.__defaults__, value.__kwdefaults__, inside)
            return f'{function_code(value)} {self.text(given)}'
        if isinstance(value, MethodType):
            return f'{self.text(value.__func__)} of {self.text(value.__self__)}'
        if isinstance(value, partial):
            return self.all([value.func, value.args, value.keywords])
        if isinstance(value, ModuleType | BuiltinFunctionType):
            return f'{getattr(value, "__module__", "")}.{value.__name__}'
        return self.object(value)

    def tensor(self, value: torch.Tensor) -> str:
        """Of a tensor, whose bits can be read but for a few kinds."""
        try:
            return f'tensor {hash_tensor(value)}'
        except (RuntimeError, NotImplementedError):  # sparse, or without content
            return f'tensor {value!r}'

    def object(self, value: Any) -> str:
        """Of what is left."""
        kind: type = type(value)
        return f'{class_name(kind)} {code_of(kind)} {ADDRESS.sub("", repr(value))}'

    def all(self, values: Any) -> str:
        """Of several, in order."""
        return json.dumps([self.text(part) for part in values])

    def file(self, value: str | Path) -> str:
        """Size and time of the file that a text is the path of; else nothing."""
        if not Path(value).name:
            return ''
        try:
            found = os.stat(value)
            if not Path(value).is_dir():
                entries = [('', found)]
            elif self.folders:
                inside = sorted(os.scandir(value), key=entry_name)
                entries = [('', found), *((e.name, e.stat()) for e in inside)]
            else:
                return ''
        except (OSError, ValueError):  # no file, but a text
            return ''
        return ''.join(f' {n} {s.st_size} {s.st_mtime_ns}' for n, s in entries)


def entry_name(entry: os.DirEntry[str]) -> str:
    """The name of a file in a folder."""
    return entry.name


def filled(function: FunctionType) -> Iterator[Any]:
    """What a function has taken from around it, as far as it is there already."""
    for cell in function.__closure__ or ():
        try:
            cell.cell_contents  # noqa: B018 - it raises where there is nothing yet
        except ValueError:
            continue
        yield cell
