"""A dataset of kept activations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.structures import BaseDataElement
from torch.utils.data import Dataset

from ..errors import DataError
from .labels import Labels, unpack
from .replay import KEPT
from .store import Store

__all__ = ['CachedDataset']


class CachedDataset(Dataset[dict[str, Any]]):
    """What a dataset's pipeline and the frozen prefix made of every sample.

    Args:
        stores: The activations, whole; sample i is in store i modulo their number.
        kind: Class of the samples.
        views: Times that each sample was drawn; ``view`` says which one is read.
        dataset: What was kept. It is read no more, and asked which files are broken.

    Raises:
        DataError: A store isn't whole: it has another number of labels than of rows.
    """

    def __init__(
        self,
        stores: Sequence[Store],
        kind: type[BaseDataElement],
        views: int,
        dataset: Dataset[Any],
    ) -> None:
        self.labels = [labels_of(store) for store in stores]
        self.kind = kind
        self.activations = [store.read() for store in stores]
        self.view = 0
        self.views = views
        self.dataset = dataset
        self.metainfo = dict(getattr(dataset, 'metainfo', {}))

    def __len__(self) -> int:
        """Samples, each counted once."""
        return sum(map(len, self.labels)) // self.views

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Activations and label of a sample, in the view that is read now."""
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Those of several, whose activations are the rows of one tensor.

        A loader asks for a batch at once, which so is copied once.
        """
        places = [self.place(index) for index in indices]
        rows = torch.stack([self.activations[part][row] for part, row in places])
        return [
            {
                'inputs': inputs,
                'data_samples': unpack(self.labels[part][row], self.kind),
                KEPT: True,
            }
            for inputs, (part, row) in zip(rows, places, strict=True)
        ]

    def place(self, index: int) -> tuple[int, int]:
        """Store and row of a sample in the view that is read now."""
        row, part = divmod(index, len(self.labels))
        return part, row + self.view * (len(self.labels[part]) // self.views)


def labels_of(store: Store) -> Labels:
    """The labels of a store's rows, one each.

    Raises:
        DataError: There are fewer.
    """
    labels = store.read_labels()
    if not store.whole or len(labels) != store.rows:
        raise DataError(
            f'{store.folder}: {len(labels)} labels for {store.rows} rows of kept '
            'activations. Start the run again, and what is missing is computed; where '
            'several machines work on it, the folder has to be on a disk that all of '
            'them see.'
        )
    return labels
