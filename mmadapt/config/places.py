"""Where a top-level variable of a config goes."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

__all__ = ['DATALOADERS', 'VARIABLES', 'Slot', 'dataset_leaves', 'slots', 'walk']

DATALOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')

VARIABLES = (
    'data_root', 'split', 'frame_store', 'trunk', 'arch', 'num_classes', 'num_frames',
    'holdout',
)  # fmt: skip
"""Top-level variables that may be set on the command line of any config."""

Node = MutableMapping[str, Any]


@dataclass(frozen=True)
class Slot:
    """One place in a config that a variable fills.

    Attributes:
        node: The dict that holds the value.
        key: Its key there.
        path: How a user names it, as in ``--cfg-options``.
    """

    node: Node
    key: str
    path: str

    @property
    def value(self) -> Any:
        """What stands there now; None where nothing does."""
        return self.node.get(self.key)

    @property
    def is_open(self) -> bool:
        """Whether the value is still to be filled."""
        return self.value in (None, '')

    def fill(self, value: Any) -> None:
        """Write ``value``."""
        self.node[self.key] = value


def walk(node: Any, path: str = '') -> Iterator[tuple[str, Node]]:
    """Every dict in a part of a config, with its dotted path, outermost first."""
    if isinstance(node, MutableMapping):
        yield path, node
        for key, value in list(node.items()):
            yield from walk(value, f'{path}.{key}' if path else str(key))
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from walk(value, f'{path}.{index}')


def dataset_leaves(node: Any, path: str) -> Iterator[tuple[str, Node]]:
    """The datasets that read data, inside wrappers such as RepeatDataset."""
    if isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from dataset_leaves(value, f'{path}.{index}')
    elif isinstance(node, MutableMapping):
        inner = [key for key in ('dataset', 'datasets') if key in node]
        for key in inner:
            yield from dataset_leaves(node[key], f'{path}.{key}')
        if not inner and 'type' in node:
            yield path, node


def slots(cfg: Node, variable: str) -> list[Slot]:
    """The places of ``variable`` in ``cfg``, filled or open."""
    datasets = [
        (path, dataset)
        for loader in DATALOADERS
        for path, dataset in dataset_leaves(
            (cfg.get(loader) or {}).get('dataset'), f'{loader}.dataset'
        )
    ]
    if variable == 'data_root':
        return [Slot(node, variable, f'{path}.data_root') for path, node in datasets]
    if variable == 'split':
        return [
            Slot(node, 'ann_dir', f'{path}.ann_dir')
            for path, node in datasets
            if 'ann_dir' in node
        ]
    if variable == 'frame_store':
        return [
            Slot(node, variable, f'{path}.{variable}')
            for path, node in datasets
            if variable in node
        ]
    model = list(walk(cfg.get('model'), 'model'))
    if variable == 'trunk':
        return [
            Slot(node, 'checkpoint', f'{path}.checkpoint')
            for path, node in model
            if node.get('type') == 'PretrainedTrunk'
        ]
    if variable == 'arch':
        return [
            Slot(node, key, f'{path}.{key}')
            for path, node in model
            if is_adapted_vit(node)
            for key in ('arch', 'embed_dims')
            if key in node
        ]
    if variable == 'num_frames':
        pipelines = [entry for path, node in datasets for entry in walk(node, path)]
        return [
            Slot(node, key, f'{path}.{key}')
            for key, nodes in (('num_frames', model), ('clip_len', pipelines))
            for path, node in nodes
            if key in node
        ]
    if variable == 'num_classes':
        preprocessor = walk(cfg.get('data_preprocessor'), 'data_preprocessor')
        return [
            Slot(node, 'num_classes', f'{path}.num_classes')
            for path, node in [*model, *preprocessor, *datasets]
            if 'num_classes' in node
        ]
    return []


def is_adapted_vit(node: Node) -> bool:
    """Whether a dict of the model's config is an AdaptFormerViT, scope or not."""
    kind = node.get('type')
    return isinstance(kind, str) and kind.split('.')[-1] == 'AdaptFormerViT'
