"""Labels of samples as JSON: nothing that has to be unpickled goes to disk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.structures import BaseDataElement

from ..errors import DataError, class_name

__all__ = ['Labels', 'lost', 'pack', 'unpack']


def pack(sample: BaseDataElement) -> dict[str, Any]:
    """A sample's labels and what is known of its file, as plain values.

    Args:
        sample: Of either library.

    Raises:
        DataError: One of them is of a class that has no plain form.
    """
    return {
        'fields': {name: plain(value, name) for name, value in sample.items()},
        'metainfo': {n: known_of(value, n) for n, value in sample.metainfo_items()},
    }


def known_of(value: Any, name: str) -> Any:
    """The same of what is known of a sample: of any other class its text will do."""
    try:
        return plain(value, name)
    except DataError:
        return str(value)


def plain(value: Any, name: str) -> Any:
    """A value as JSON has it: what JSON doesn't know is a dict that names its kind."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is torch.Tensor and not value.is_complex() and not value.is_sparse:
        dtype = str(value.dtype).removeprefix('torch.')
        shape, values = list(value.shape), value.tolist()
        return {'dtype': dtype, 'shape': shape, 'values': values}
    if isinstance(value, np.ndarray | np.generic) and known(value.dtype):
        what = 'array' if isinstance(value, np.ndarray) else 'number'
        shape, values = list(value.shape), value.tolist()
        return {what: value.dtype.str, 'shape': shape, 'values': values}
    if kind is list or kind is tuple or kind is torch.Size:
        word = 'list' if kind is list else 'tuple'
        return {word: [plain(part, name) for part in value]}
    if isinstance(value, Path):
        return {'path': str(value)}
    if isinstance(value, Mapping):
        pairs = [[plain(k, name), plain(part, name)] for k, part in value.items()]
        return {'dict': pairs}
    raise DataError(
        f"{name}: {class_name(kind)} can't be kept beside activations, of which "
        'tensors, arrays, numbers, texts, lists, tuples and dicts can. Take it out of '
        'the sample, or train without the cache.'
    )


def known(dtype: np.dtype[Any]) -> bool:
    """Whether JSON has the values: truths, numbers of up to 64 bits, and texts."""
    return dtype.kind == 'U' or (dtype.kind in 'biuf' and dtype.itemsize <= 8)


def given(packed: Any) -> Any:
    """The value that :func:`plain` was given."""
    if not isinstance(packed, dict):
        return packed
    if 'dtype' in packed:
        dtype = getattr(torch, packed['dtype'])
        return torch.tensor(packed['values'], dtype=dtype).reshape(packed['shape'])
    for what in ('array', 'number'):
        if what in packed:
            array = np.array(packed['values'], packed[what]).reshape(packed['shape'])
            return array if what == 'array' else array[()]
    if 'dict' in packed:
        return {given(key): given(part) for key, part in packed['dict']}
    if 'path' in packed:
        return Path(packed['path'])
    ((name, parts),) = packed.items()
    values = [given(part) for part in parts]
    return tuple(values) if name == 'tuple' else values


def unpack(packed: dict[str, Any], kind: type[BaseDataElement]) -> BaseDataElement:
    """The sample that :func:`pack` was given.

    Args:
        packed: What :func:`pack` gave.
        kind: Its class.
    """
    known = {name: given(value) for name, value in packed['metainfo'].items()}
    sample = kind(metainfo=known)
    for name, field in packed['fields'].items():
        sample.set_field(given(field), name)
    return sample


class Labels:
    """What :func:`pack` gave of each row, read when it is asked for.

    Objects of a million samples would be gigabytes, in each process.

    Args:
        lines: Where they are written, a line each.
        count: How many of them there are; behind them may be others.
    """

    def __init__(self, lines: Sequence[bytes], count: int) -> None:
        self.lines, self.count = lines, min(count, len(lines))

    def __len__(self) -> int:
        """How many."""
        return self.count

    def __getitem__(self, row: int) -> dict[str, Any]:
        """That of a row.

        Raises:
            ValueError: It is no JSON.
        """
        packed: dict[str, Any] = json.loads(self.lines[range(self.count)[row]])
        return packed

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Those of all rows."""
        return (self[row] for row in range(self.count))


def lost(sample: BaseDataElement, again: BaseDataElement) -> list[str]:
    """Names of what one sample has and another one has otherwise, or not at all.

    What is known of a sample may have become a text, see :func:`known_of`.

    Args:
        sample: The one, as it was.
        again: The other, as it came back.
    """
    known = {name: given(known_of(v, name)) for name, v in sample.metainfo_items()}
    pairs = [
        (dict(sample.items()), dict(again.items())),
        (known, dict(again.metainfo_items())),
    ]
    return [
        name
        for before, after in pairs
        for name in sorted({*before, *after})
        if name not in before
        or name not in after
        or not same(before[name], after[name])
    ]


def same(one: Any, other: Any) -> bool:
    """Whether two values are alike: in class, shape and number, whichever NaN it is.

    Dicts and tuples are so whatever class of them they are.
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, torch.Tensor | np.ndarray | np.generic):
        alike = one.dtype == other.dtype and one.shape == other.shape
        return bool(
            alike and ((one == other) | ((one != one) & (other != other))).all()
        )
    return bool(one == other) or one != one
