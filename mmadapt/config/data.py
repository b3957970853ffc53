"""The data of a config: its folders, its classes, its held-out part."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from mmengine.registry import DATASETS, DefaultScope

from ..errors import ConfigError, DataError, did_you_mean
from .places import DATALOADERS, Node, dataset_leaves, slots

__all__ = ['check_folders', 'fill_classes', 'fill_data_root', 'find_classes']


def fill_data_root(cfg: Node) -> None:
    """Give every dataset without a ``data_root`` the config's own, in place."""
    if cfg.get('data_root'):
        for slot in slots(cfg, 'data_root'):
            if slot.is_open:
                slot.fill(str(cfg['data_root']))


def check_folders(cfg: Node, loaders: tuple[str, ...]) -> None:
    """Refuse datasets whose folder or list isn't there.

    Raises:
        DataError: A path that doesn't exist.
    """
    for path, dataset in leaves(cfg, loaders):
        for key, place in paths_of(cfg, dataset):
            if not place.exists():
                near = place.parent.glob('*') if place.parent.is_dir() else ()
                raise DataError(
                    f'{path}.{key}: {str(place)!r} does not exist. Give the folder of '
                    'the data: --cfg-options data_root=FOLDER.'
                    + did_you_mean(place, near)
                )


def paths_of(cfg: Node, dataset: Node) -> Iterator[tuple[str, Path]]:
    """The local files and folders that one dataset reads."""
    if downloads(cfg, dataset):
        return
    root = str(dataset.get('data_root') or '')
    prefixes = dataset.get('data_prefix') or {}
    entries = {'data_root': '', 'ann_file': dataset.get('ann_file') or ''}
    if isinstance(prefixes, str):
        entries['data_prefix'] = prefixes
    else:
        entries.update({f'data_prefix.{k}': v or '' for k, v in prefixes.items()})
    for key, value in entries.items():
        place = Path(root).expanduser() / value
        if (value or root) and '://' not in f'{root}{value}':
            yield key, place


def downloads(cfg: Node, dataset: Node) -> bool:
    """Whether a dataset fetches its files itself."""
    with scope_of(cfg):
        parameters = inspect.signature(dataset_class(dataset).__init__).parameters
    default = parameters['download'].default if 'download' in parameters else False
    return bool(dataset.get('download', default))


def fill_classes(cfg: Node, phase: str, known: int | None) -> None:
    """Write the number of classes where a config left it None, in place.

    Args:
        cfg: The config.
        phase: 'train', 'test' or 'predict'.
        known: The number a task file tells; None where there is no task file.

    Raises:
        ConfigError: Nothing tells the number.
        DataError: A class without a sample.
    """
    places = slots(cfg, 'num_classes')
    if not any(slot.is_open for slot in places):
        return
    count = cfg.get('num_classes') or known
    if count is None:
        count = len(find_classes(cfg, phase))
    for slot in places:
        if slot.is_open:
            slot.fill(int(count))
    cfg['num_classes'] = int(count)
    limit_topk(cfg, int(count))


def find_classes(cfg: Node, phase: str) -> list[str]:
    """The classes of a config's own data, each with at least one training sample.

    Raises:
        ConfigError: The config has no dataset that is there.
        DataError: A class without a sample.
    """
    order = DATALOADERS if phase == 'train' else DATALOADERS[::-1]
    for path, leaf in leaves(cfg, order):
        if all(place.exists() for _, place in paths_of(cfg, leaf)):
            return classes_of(cfg, leaf, path)
    raise ConfigError(
        'num_classes is None and there is no dataset to find the classes in. Give '
        '--cfg-options data_root=FOLDER, or num_classes=N.'
    )


def classes_of(cfg: Node, leaf: Node, path: str) -> list[str]:
    """Read one dataset's list of samples and check that no class is empty."""
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
    if empty:
        raise DataError(
            f'{path} ({leaf.get("data_root") or leaf.get("ann_file")}): no sample of '
            f'{", ".join(repr(name) for name in empty[:5])}. Every class needs one; '
            'remove the empty class, or put samples into it.'
        )
    return names


def labels_of(samples: list[dict[str, Any]]) -> list[int]:
    """One label a sample, under MMPretrain's name for it or MMAction2's."""
    found: list[int] = []
    for sample in samples:
        label = sample.get('gt_label', sample.get('label'))
        if not isinstance(label, int):
            raise ConfigError(
                f'num_classes is None and a sample has the label {label!r}: the number '
                'of classes is found for one whole number a sample only. Give '
                '--cfg-options num_classes=N.'
            )
        found.append(label)
    return found


def limit_topk(cfg: Node, count: int) -> None:
    """Leave out the top-k accuracies that a few classes don't have."""
    for name in ('val_evaluator', 'test_evaluator'):
        evaluators = cfg.get(name) or []
        for metric in evaluators if isinstance(evaluators, list) else [evaluators]:
            topk = metric.get('topk')
            if isinstance(topk, (list, tuple)):
                metric['topk'] = [k for k in topk if k <= count] or [1]


def leaves(cfg: Node, loaders: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
    """The datasets of some dataloaders, with their paths."""
    for loader in loaders:
        yield from dataset_leaves(
            (cfg.get(loader) or {}).get('dataset'), f'{loader}.dataset'
        )


def scope_of(cfg: Node) -> Any:
    """A context in which plain type names mean those of the config's library."""
    return DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmengine'))


def dataset_class(dataset: Node) -> Any:
    """The class of a dataset's config, under the current scope.

    Raises:
        ConfigError: No such dataset.
    """
    kind = dataset['type']
    if not isinstance(kind, str):
        return kind
    with DATASETS.switch_scope_and_registry(None) as registry:
        found = registry.get(kind)
    if found is None:
        raise ConfigError(
            f'dataset {kind!r} is not known.'
            f'{did_you_mean(kind, registry.module_dict)}'
        )
    return found
