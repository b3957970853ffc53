"""Values as texts that are the same exactly where the values are."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from logging import Logger
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
    are hashed by shape, type and bits; of an object its attributes count, and the code
    of its class.

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
            return f'tensor {hash_tensor(value)}'
        if isinstance(value, np.ndarray) and value.dtype != object:
            head = f'{value.shape} {value.dtype} '.encode()
            return f'array {hashlib.sha256(head + value.tobytes()).hexdigest()}'
        if isinstance(value, np.generic):
            return f'{value.dtype} {value.tobytes().hex()}'
        if id(value) in self.open:
            return 'itself'
        with self.opened(value):
            return self.structure(value)

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
        if isinstance(value, list | tuple | np.ndarray):
            return f'{type(value).__name__} {self.all(value)}'
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
        if isinstance(value, Logger):  # it leads to the files of this run
            return f'logger {value.name}'
        if isinstance(value, ModuleType | BuiltinFunctionType):
            return f'{getattr(value, "__module__", "")}.{value.__name__}'
        return self.object(value)

    def object(self, value: Any) -> str:
        """Of what is left: its attributes, or how it calls itself."""
        kind: type = type(value)
        if not hasattr(value, '__dict__'):
            return f'{class_name(kind)} {ADDRESS.sub("", repr(value))}'
        return f'{class_name(kind)} {code_of(kind)} {self.text(vars(value))}'

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
