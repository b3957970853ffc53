"""What kept activations depend on: another one of these, and they are made anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from torch import nn

from ..weights.fingerprint import hash_tensor

__all__ = ['config_text', 'hash_data', 'hash_trunk']

NOT_THE_PREFIX = {'adapter', 'trainable', 'init_cfg', 'norm_eval'}


def hash_trunk(backbone: nn.Module) -> str:
    """Of everything frozen in a backbone, by its names and bits."""
    trained = {name for name, p in backbone.named_parameters() if p.requires_grad}
    total = hashlib.sha256()
    for name, tensor in sorted(backbone.state_dict().items()):
        if name not in trained and not name.startswith('task_stamp.'):
            total.update(f'{name} {hash_tensor(tensor)}\n'.encode())
    return total.hexdigest()


def hash_data(dataset: BaseDataset) -> str:
    """Of a dataset's list: names, sizes and times of files, arrays by their bits."""
    total = hashlib.sha256()
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        for name in sorted(info):
            total.update(f'{name}={describe(info[name])}\n'.encode())
    return total.hexdigest()


def describe(value: Any) -> str:
    """A value of a dataset's list; of a file, size and time of its last change."""
    if isinstance(value, np.ndarray):
        return hashlib.sha256(value.tobytes()).hexdigest()
    if isinstance(value, torch.Tensor):
        return hash_tensor(value)
    if isinstance(value, str | Path):
        path = Path(value)
        try:
            found = path.stat() if path.name and path.exists() else None
        except OSError:  # a text too long for a file's name
            found = None
        if found is not None:
            return f'{value} {found.st_size} {found.st_mtime_ns}'
    return str(value)


def config_text(part: Mapping[str, Any]) -> str:
    """A part of a config, without what does not touch the frozen prefix."""
    kept = {key: part[key] for key in part if key not in NOT_THE_PREFIX}
    return json.dumps(kept, sort_keys=True, default=str)
