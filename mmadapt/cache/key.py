"""What kept activations depend on: another one of these, and they are made anew."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from torch import nn

from ..errors import class_name
from ..weights.fingerprint import hash_tensor
from ..weights.stamp import find_stamps
from .code import code_of, own_class, versioned
from .describe import describe
from .live import datasets_in, steps_in
from .source import Source
from .versions import float32_precision, versions

__all__ = ['config_text', 'hash_data', 'hash_trunk', 'make_key']

NOT_THE_PREFIX = {'adapter', 'trainable', 'init_cfg', 'norm_eval'}
HEADS = {'head', 'cls_head'}
"""Keys of a model's config that touch nothing in front of what is kept.

Not "train_cfg" nor "test_cfg": what a model makes of them is its own affair.
"""


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
        'model': digest(model_text(cfg.model)),
        'shared_preprocessor': digest(config_text(cfg.get('data_preprocessor') or {})),
        'dataset': digest(config_text(cfg[f'{split}_dataloader'].dataset)),
        # Hooks may have set another one than the config's.
        'pipelines': describe(steps_in(source.dataset), folders=False),
        'data': hash_data(source.dataset),  # type: ignore[arg-type]
        # Hooks may set it, and another sample stands in for a broken one then.
        'test_mode': getattr(source.dataset, 'test_mode', None),
        'code': code(source),
        'versions': versions(),
        'device': source.device.type,
        'precision': precision(source),
        'float32': float32_precision(),
        'views': views,
        'seed': source.seed if random else None,
        'parts': parts,
    }


def digest(text: str) -> str:
    """A short text in the place of a long one."""
    return hashlib.sha256(text.encode()).hexdigest()


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


def config_text(part: Any) -> str:
    """A part of a config, with size and time of the files that it names."""
    return describe(part, folders=False)


def model_text(model: Mapping[str, Any]) -> str:
    """A model's config without its heads and what trains in its backbone."""
    kept = {key: model[key] for key in model if key not in HEADS}
    backbone = kept.get('backbone') or {}
    inner = {key: backbone[key] for key in backbone if key not in NOT_THE_PREFIX}
    return describe({**kept, 'backbone': inner}, folders=False)


def code(source: Source) -> dict[str, str]:
    """The code of what makes activations of a sample: class to hash.

    Of the backbone, that of all its frozen parts; pipelines tell of their own.
    """
    model, backbone = source.model, source.boundary.backbone
    parts: list[Any] = [*datasets_in(source.dataset), model, model.data_preprocessor]
    parts += [
        module
        for module in (backbone, *backbone.modules())
        if module is backbone or not any(p.requires_grad for p in module.parameters())
    ]
    kinds = {own_class(type(part)) for part in parts}
    # An adapter's dropout, a class of torch, is no reason to make all anew.
    return {class_name(k): code_of(k) for k in kinds if not versioned(k)}
