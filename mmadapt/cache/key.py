"""What kept activations depend on: another one of these, and they are made anew."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from torch import nn

from ..weights.fingerprint import hash_tensor
from ..weights.stamp import find_stamps
from .source import Source

__all__ = ['config_text', 'hash_data', 'hash_trunk', 'make_key']

NOT_THE_PREFIX = {'adapter', 'trainable', 'init_cfg', 'norm_eval'}


def make_key(
    cfg: Config, source: Source, split: str, views: int, parts: int, random: bool
) -> dict[str, Any]:
    """What activations depend on.

    Args:
        cfg: Of the run.
        source: Where they come from.
        split: ``'train'`` or ``'val'``.
        views: Draws of each sample.
        parts: Processes, each of which computes its own samples.
        random: Whether the pipeline draws, so that the seed counts.
    """
    return {
        'boundary': str(source.boundary),
        'trunk': hash_trunk(source.boundary.backbone),
        'backbone': config_text(cfg.model.backbone),
        'preprocessor': config_text(cfg.model.get('data_preprocessor') or {}),
        'shared_preprocessor': config_text(cfg.get('data_preprocessor') or {}),
        'dataset': config_text(cfg[f'{split}_dataloader'].dataset),
        'data': hash_data(source.dataset),  # type: ignore[arg-type]
        # Hooks may set it, and another sample stands in for a broken one then.
        'test_mode': getattr(source.dataset, 'test_mode', None),
        'precision': precision(source),
        'views': views,
        'seed': source.seed if random else None,
        'parts': parts,
    }


def precision(source: Source) -> str:
    """The type that autocast casts to where activations are made, or float32."""
    kind = source.device.type
    with source.context():
        if torch.is_autocast_enabled(kind):
            return str(torch.get_autocast_dtype(kind))
    return 'float32'


def hash_trunk(backbone: nn.Module) -> str:
    """Of everything frozen in a backbone, by its names and bits."""
    trained = {name for name, p in backbone.named_parameters() if p.requires_grad}
    for stamp in find_stamps(backbone).values():
        trained |= set(stamp.content['trained'])  # statistics that are trained too
    total = hashlib.sha256()
    for name, tensor in sorted(backbone.state_dict().items()):
        if name not in trained and not name.startswith('task_stamp.'):
            total.update(f'{name} {hash_tensor(tensor)}\n'.encode())
    return total.hexdigest()


def hash_data(dataset: BaseDataset) -> str:
    """Of a dataset's list: names, sizes and times of files, arrays by their bits.

    Of a folder, as a sample of extracted frames is, those of the files in it count.
    """
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
    if not isinstance(value, str | Path) or not Path(value).name:
        return str(value)
    try:
        found = os.stat(value)
        inside = (
            sorted(os.scandir(value), key=entry_name) if Path(value).is_dir() else ()
        )
        files = [(entry.name, entry.stat()) for entry in inside]
    except (OSError, ValueError):  # no file, but a text
        return str(value)
    files = [('', found), *files]
    return f'{value} ' + ' '.join(f'{n} {s.st_size} {s.st_mtime_ns}' for n, s in files)


def entry_name(entry: os.DirEntry[str]) -> str:
    """The name of a file in a folder."""
    return entry.name


def config_text(part: Mapping[str, Any]) -> str:
    """A part of a config, without what does not touch the frozen prefix."""
    kept = {key: part[key] for key in part if key not in NOT_THE_PREFIX}
    return json.dumps(kept, sort_keys=True, default=str)
