"""A dataset of kept activations."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from mmengine.structures import BaseDataElement
from torch.utils.data import Dataset

from .labels import unpack
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
    """

    def __init__(
        self,
        stores: Sequence[Store],
        kind: type[BaseDataElement],
        views: int,
        dataset: Dataset[Any],
    ) -> None:
        self.activations = [store.open() for store in stores]
        self.samples = [
            [unpack(packed, kind) for packed in store.read_labels()] for store in stores
        ]
        self.view = 0
        self.views = views
        self.dataset = dataset
        self.metainfo = dict(getattr(dataset, 'metainfo', {}))

    def __len__(self) -> int:
        """Samples, each counted once."""
        return sum(map(len, self.samples)) // self.views

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Activations and label of a sample, in the view that is read now."""
        row, part = divmod(index, len(self.samples))
        row += self.view * (len(self.samples[part]) // self.views)
        return {
            'inputs': self.activations[part][row].clone(),
            'data_samples': deepcopy(self.samples[part][row]),
            KEPT: True,
        }
