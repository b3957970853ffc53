"""The folders and lists that a config's data is read from."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.registry import DATASETS, DefaultScope

from ..errors import ConfigError, DataError, did_you_mean
from .places import Node, dataset_leaves, slots

__all__ = [
    'check_folders',
    'fill_data_root',
    'fill_frame_store',
    'fill_split',
    'leaves',
    'paths_of',
    'scope_of',
]


def fill_data_root(cfg: Node) -> None:
    """Give every dataset without a ``data_root`` the config's own, in place."""
    if cfg.get('data_root'):
        for slot in slots(cfg, 'data_root'):
            if slot.is_open:
                slot.fill(str(Path(cfg['data_root']).expanduser()))


def fill_split(cfg: Node) -> None:
    """Give every list without an ``ann_dir`` the folder of the config's split."""
    if cfg.get('split') is not None:
        for slot in slots(cfg, 'split'):
            if slot.is_open:
                slot.fill(str(cfg['split']))


def fill_frame_store(cfg: Node) -> None:
    """Give every dataset of clips without a ``frame_store`` the config's own."""
    if cfg.get('frame_store'):
        for slot in slots(cfg, 'frame_store'):
            if slot.is_open:
                slot.fill(str(Path(cfg['frame_store']).expanduser()))


def check_folders(cfg: Node, loaders: tuple[str, ...]) -> None:
    """Refuse datasets whose folder or list isn't there.

    Raises:
        DataError: No data is named, or a path doesn't exist.
    """
    for path, dataset in leaves(cfg, loaders):
        if downloads(cfg, dataset):
            continue
        if 'data_root' in cfg and not cfg['data_root'] and not dataset.get('data_root'):
            raise DataError(
                'data_root is None: no data is named. Give the folder of the data: '
                '--cfg-options data_root=FOLDER.'
            )
        for key, place in paths_of(dataset):
            if not place.exists():
                raise DataError(missing(f'{path}.{key}', place))


def missing(key: str, place: Path) -> str:
    """The error text for a file or folder that isn't there."""
    near = list(place.parent.glob('*')) if place.parent.is_dir() else []
    what = 'the folder of the data: --cfg-options data_root=FOLDER'
    if key.endswith('.ann_dir'):
        what = 'the split: --cfg-options split=NAME'
        near = [other for other in near if other.is_dir()]
    if key.endswith('.frame_store'):
        what = 'what tools/data/frame_store.py made: --cfg-options frame_store=FOLDER'
    text = (
        f'{key}: {str(place)!r} does not exist. Give {what}.{did_you_mean(place, near)}'
    )
    if key.startswith('val_dataloader'):
        text += (
            ' Without validation data, hold out a fifth of the training set '
            "(--cfg-options holdout=0.2), or don't validate (--no-validate)."
        )
    return text


def paths_of(dataset: Node) -> Iterator[tuple[str, Path]]:
    """The local files and folders that one dataset reads."""
    root = str(dataset.get('data_root') or '')
    prefixes = dataset.get('data_prefix') or {}
    has_list = bool(dataset.get('ann_file'))
    below = str(dataset.get('ann_dir') or '')
    entries = {
        'data_root': '',
        'ann_dir': below,
        'ann_file': str(Path(below, dataset['ann_file'])) if has_list else '',
    }
    if isinstance(prefixes, str):
        entries['data_prefix'] = prefixes
    else:
        entries.update({f'data_prefix.{k}': v or '' for k, v in prefixes.items()})
    for key, value in entries.items():
        place = Path(root).expanduser() / value
        if (value or root) and '://' not in f'{root}{value}':
            yield key, place
    if dataset.get('frame_store'):
        yield 'frame_store', Path(dataset['frame_store']).expanduser()


def downloads(cfg: Node, dataset: Node) -> bool:
    """Whether a dataset fetches its files itself."""
    with scope_of(cfg):
        parameters = inspect.signature(dataset_class(dataset).__init__).parameters
    default = parameters['download'].default if 'download' in parameters else False
    return bool(dataset.get('download', default))


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
            f'dataset {kind!r} is not known.{did_you_mean(kind, registry.module_dict)}'
        )
    return found
