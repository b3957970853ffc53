"""The classes of a config's data."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import Any

from mmengine.registry import DATASETS

from ..errors import ConfigError, DataError
from .data import leaves, paths_of, scope_of
from .places import DATALOADERS, Node, slots
from .topk import limit_topk

__all__ = ['fill_classes', 'find_classes']


def fill_classes(cfg: Node, phase: str, known: int | None) -> None:
    """Write the number of classes where a config left it None, in place.

    Args:
        cfg: The config.
        phase: 'train', 'test' or 'predict'.
        known: The number a task file tells; None where there is no task file.

    Raises:
        ConfigError: Nothing tells the number.
        DataError: A class without a sample, or a single class to train.
    """
    places = [slot for slot in slots(cfg, 'num_classes') if slot.is_open]
    count = cfg.get('num_classes') or known
    # A dataset checks its labels by the number; it doesn't need one.
    needed = [slot for slot in places if not slot.path.startswith(DATALOADERS)]
    if not places or (count is None and not needed):
        return
    if count is None:
        count = len(find_classes(cfg, phase))
    for slot in places:
        slot.fill(int(count))
    cfg['num_classes'] = int(count)
    limit_topk(cfg, int(count))


def find_classes(cfg: Node, phase: str) -> list[str]:
    """The classes of a config's own data, each with at least one training sample.

    Raises:
        ConfigError: The config has no dataset that is there.
        DataError: A class without a sample, or a single class to train.
    """
    order = DATALOADERS if phase == 'train' else DATALOADERS[::-1]
    for path, leaf in leaves(cfg, order):
        if all(place.exists() for _, place in paths_of(leaf)):
            return classes_of(cfg, leaf, path)
    raise ConfigError(
        'num_classes is None and there is no dataset to find the classes in. Give '
        '--cfg-options data_root=FOLDER, or num_classes=N.'
    )


def classes_of(cfg: Node, leaf: Node, path: str) -> list[str]:
    """Read one dataset's list of samples; in training no class may be empty."""
    plain = {**deepcopy(dict(leaf)), 'pipeline': [], 'serialize_data': False}
    with scope_of(cfg):
        dataset = DATASETS.build(plain)
    labels = labels_of(dataset.data_list)
    names = [str(name) for name in dataset.metainfo.get('classes') or ()]
    names = names or [str(label) for label in range(max(labels, default=-1) + 1)]
    outside = sorted({label for label in labels if not 0 <= label < len(names)})
    if outside:
        raise DataError(
            f'{path} ({leaf.get("data_root") or leaf.get("ann_file")}): labels '
            f'{outside[:5]} have no class; there are {len(names)} classes (0 to '
            f'{len(names) - 1}). Mend the list, or classes.txt.'
        )
    counts = Counter(labels)
    empty = [name for label, name in enumerate(names) if not counts[label]]
    if empty and not leaf.get('test_mode'):
        raise DataError(
            f'{path} ({leaf.get("data_root") or leaf.get("ann_file")}): no sample of '
            f'{", ".join(repr(name) for name in empty[:5])}. Every class needs one; '
            'remove the empty class, or put samples into it.'
        )
    several = any(
        isinstance(entry.get('gt_label'), list) for entry in dataset.data_list
    )
    if len(names) == 1 and not several and not leaf.get('test_mode'):
        raise DataError(
            f'{path} ({leaf.get("data_root") or leaf.get("ann_file")}): there is one '
            f'class, {names[0]!r}, and nothing to tell it from: every answer would be '
            'right. Add samples of another class, or say num_classes=1 if you mean it.'
        )
    return names


def label_of(sample: dict[str, Any]) -> Any:
    """What one sample is, or a list of what it is."""
    return sample.get('gt_label', sample.get('label'))


def labels_of(samples: list[dict[str, Any]]) -> list[int]:
    """The labels of all samples, under MMPretrain's name for them or MMAction2's."""
    found: list[int] = []
    for sample in samples:
        label = label_of(sample)
        several: Any = label if isinstance(label, (list, tuple)) else [label]
        if not all(isinstance(one, int) for one in several):
            raise ConfigError(
                f'num_classes is None and a sample has the label {label!r}: the number '
                'of classes is found for whole numbers only, one or a list of them a '
                'sample. Give --cfg-options num_classes=N.'
            )
        found += several
    return found
