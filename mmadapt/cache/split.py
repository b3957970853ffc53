"""The activations of one set of samples, in parts, one of each process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..datasets.tolerant import file_datasets
from .cut import check_replay
from .dataset import CachedDataset
from .fill import fill
from .loader import CachedLoader
from .replay import make_replaying
from .room import taken
from .source import Source
from .store import DATA, KEY, Store

__all__ = ['Split', 'make_stores']


@dataclass(frozen=True)
class Split:
    """One set of samples.

    Attributes:
        name: ``'train'`` or ``'val'``.
        source: Where its activations come from.
        stores: Where they are, a part for each process.
        views: Draws of each sample.
        random: Whether the pipeline draws.
    """

    name: str
    source: Source
    stores: list[Store]
    views: int
    random: bool = False

    @property
    def samples(self) -> int:
        """How many, each counted once."""
        return len(self.source.dataset)  # type: ignore[arg-type]

    def told(self, rank: int) -> str:
        """What is there, and what is going to be, for the log."""
        size = sum(store.size for store in self.stores)
        mine = self.stores[rank]
        draws = (
            f'random: {self.views} fixed draw(s) of each sample, another training than '
            'without the cache'
            if self.random
            else 'deterministic: exact'
        )
        return (
            f'activations {self.source.boundary} of the {self.name} set, whose '
            f'pipeline is {draws}: {self.samples} samples, {self.views} view(s), '
            f'{size / 1e9:.3g} GB in {mine.folder.parent}; {mine.done} of {mine.rows} '
            f'rows of this process are there{self.told_others()}'
        )

    def told_others(self) -> str:
        """What older stores of the set hold, where this one isn't whole."""
        if all(store.whole for store in self.stores):
            return ''
        others = other_stores(self.name, {store.folder for store in self.stores})
        if not others:
            return ''
        held = sum(taken(folder / DATA) for folder in others)
        return (
            f'. {len(others)} other folder(s) {self.name}-* beside them hold '
            f'{held} bytes ({held / 1e9:.3g} GB), made of other weights, data, code or '
            'options; those that no other run uses can be removed'
        )

    def check(self) -> None:
        """Refuse a backbone that can't go on from activations of the first sample.

        Raises:
            ConfigError: It gives something else from them, or can't tell them from its
                inputs.
        """
        make_replaying(self.source.boundary)
        check_replay(self.source)

    def fill(self, rank: int) -> None:
        """Compute what one process's part lacks."""
        mine = range(rank, self.samples, len(self.stores))
        places = [(view, sample) for view in range(self.views) for sample in mine]
        text = f'activations, {self.name}'
        fill(self.source, self.stores[rank], places, text)

    def dataloader(self) -> CachedLoader:
        """The batches of the source's loader, of activations.

        Raises:
            DataError: Of all parts together more files are broken than are tolerated,
                or a part isn't whole.
        """
        self.tell_broken()
        loader = self.source.loader
        kind = type(self.source.item()['data_samples'])
        cached = CachedDataset(self.stores, kind, self.views, self.source.dataset)
        return CachedLoader(cached, loader)

    def tell_broken(self) -> None:
        """Note again which files were broken when the rows were made.

        They are not read any more, and are to be reported as if they were.
        """
        for store in self.stores:
            datasets = file_datasets(self.source.dataset)
            for dataset, found in zip(datasets, store.read_broken()):
                for path, reason in found.items():
                    dataset.note_broken(path, reason)


def other_stores(split: str, ours: Set[Path]) -> list[Path]:
    """Folders of a set's activations that were made of something else.

    Args:
        split: ``'train'`` or ``'val'``.
        ours: Those that are used; they lie in one folder.
    """
    (parent,) = {folder.parent for folder in ours}
    found = parent.glob(f'{split}-*/{KEY}')
    return sorted(path.parent for path in found if path.parent not in ours)


def make_stores(
    folder: Path,
    split: str,
    key: Mapping[str, Any],
    rows: list[int],
    like: Any,
) -> list[Store]:
    """The stores of a set, named for what they are made of.

    Args:
        folder: Where they lie.
        split: ``'train'`` or ``'val'``.
        key: What the activations depend on.
        rows: Of each part.
        like: Some of the activations.
    """
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    return [
        Store(
            folder / f'{split}-{digest}-{part}',
            dict(key),
            count,
            tuple(like.shape[1:]),
            like.dtype,
        )
        for part, count in enumerate(rows)
    ]
