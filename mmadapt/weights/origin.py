"""Which file tensors were read from, for messages about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

__all__ = ['remember_origin', 'task_file']

# By identity, and only as long as the tensors live: loaders hand them on as they are,
# in dicts of their own.
_FILES = WeakTensorKeyDictionary()


def remember_origin(content: Any, file: str) -> None:
    """Note which file the tensors of a checkpoint come from.

    Args:
        content: What was read, of any nesting of dicts.
        file: Its name, as the user gave it.
    """
    if isinstance(content, Tensor):
        _FILES[content] = file
    elif isinstance(content, Mapping):
        for value in content.values():
            remember_origin(value, file)


def task_file(tensors: Iterable[object]) -> str:
    """What a message calls the file that these are of, by its name if that is known.

    Args:
        tensors: Values of a state dict; what is no tensor tells nothing.
    """
    found = {_FILES.get(t) for t in tensors if isinstance(t, Tensor)} - {None}
    return f"task file '{found.pop()}'" if len(found) == 1 else 'task file'
