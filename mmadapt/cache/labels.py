"""Labels of samples as JSON: nothing that has to be unpickled goes to disk."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.structures import BaseDataElement

__all__ = ['pack', 'unpack']


def pack(sample: BaseDataElement) -> dict[str, Any]:
    """A sample's labels and what is known of its file, as plain values.

    Args:
        sample: Of either library.
    """
    fields = {}
    for name, value in sample.items():
        if isinstance(value, torch.Tensor):
            kind = str(value.dtype).removeprefix('torch.')
            fields[name] = {'dtype': kind, 'values': value.tolist()}
    known = {name: plain(value) for name, value in sample.metainfo_items()}
    return {'fields': fields, 'metainfo': known}


def plain(value: Any) -> Any:
    """A value of the metainfo as JSON has it."""
    if isinstance(value, np.generic | np.ndarray | torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def unpack(packed: dict[str, Any], kind: type[BaseDataElement]) -> BaseDataElement:
    """The sample that :func:`pack` was given; tuples of its metainfo are lists.

    Args:
        packed: What :func:`pack` gave.
        kind: Its class.
    """
    sample = kind(metainfo=packed['metainfo'])
    for name, field in packed['fields'].items():
        tensor = torch.tensor(field['values'], dtype=getattr(torch, field['dtype']))
        sample.set_field(tensor, name)
    return sample
