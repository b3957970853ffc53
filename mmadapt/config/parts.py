"""What the dataloaders of a config are going to read."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from mmengine.config import Config
from mmengine.registry import DATASETS

from ..errors import DataError, ListError
from .data import fill_data_root, fill_split, leaves, scope_of
from .places import DATALOADERS, slots

__all__ = ['Part', 'read_parts']

KINDS = {'img_path': 'photo', 'filename': 'clip'}
"""Where the libraries' datasets name a sample's file."""


@dataclass
class Part:
    """The samples of one dataset.

    Attributes:
        name: Of the dataloaders that read it, such as ``'val, test'``.
        trains: Whether it is trained on.
        files: Path of each sample's file, None for one that is in memory.
        labels: The classes of each sample.
        classes: Names, empty where the data doesn't say.
        kind: ``'photo'``, ``'clip'``, or empty.
        problems: Why it can't be read.
    """

    name: str
    trains: bool
    files: list[str | None] = field(default_factory=list)
    labels: list[list[int]] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    kind: str = ''
    problems: list[str] = field(default_factory=list)


def read_parts(cfg: Config) -> list[Part]:
    """Read the lists of a config's data, each once; no file of a sample is opened.

    With ``holdout`` all parts come from the training set, which is read whole.

    Args:
        cfg: A config, after ``--cfg-options``; it stays as it is.
    """
    cfg = deepcopy(cfg)
    fill_data_root(cfg)
    fill_split(cfg)
    for slot in slots(cfg, 'num_classes'):
        if slot.is_open and cfg.get('num_classes'):
            slot.fill(int(cfg['num_classes']))
    loaders = DATALOADERS[:1] if cfg.get('holdout') else DATALOADERS
    parts: dict[str, Part] = {}
    for loader in loaders:
        name = loader.removesuffix('_dataloader')
        for _, leaf in leaves(cfg, (loader,)):
            # What it reads doesn't depend on what becomes of it.
            plain = {**deepcopy(dict(leaf)), 'pipeline': []}
            key = repr(sorted(plain.items(), key=str))
            if key in parts:
                parts[key].name += f', {name}'
                continue
            parts[key] = read_part(cfg, plain, Part(name, name == 'train'))
    return list(parts.values())


def read_part(cfg: Config, leaf: Mapping[str, Any], part: Part) -> Part:
    """Fill in what one dataset's list says, or what is wrong with it."""
    try:
        with scope_of(cfg):
            dataset = DATASETS.build(dict(leaf))
            dataset.full_init()
    except ListError as error:
        part.problems += error.problems
        return part
    # A dataset of the libraries has no errors of its own for a bad list.
    except (DataError, OSError, ValueError, LookupError, AssertionError) as error:
        text = ' '.join(str(error).split()) or type(error).__name__
        part.problems.append(text)
        return part
    part.classes = [str(name) for name in dataset.metainfo.get('classes') or ()]
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        key = next((key for key in KINDS if key in info), None)
        part.kind = KINDS.get(key or '', '')
        part.files.append(None if key is None else str(info[key]))
        label = info.get('gt_label', info.get('label'))
        several = label if isinstance(label, (list, tuple)) else [label]
        part.labels.append([int(one) for one in several if one is not None])
    return part
