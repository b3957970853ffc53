"""Batches of kept activations, in the place of a loader of samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader

from .dataset import CachedDataset

__all__ = ['CachedLoader']


class CachedLoader(DataLoader[Any]):
    """The batches of another loader, of activations.

    Rows of a mapped file need no workers. Where the other one's would stay for the
    whole training, they start once and draw one number then; so does this one, for
    dropout draws from the same generator.

    Args:
        cached: The activations of its dataset.
        source: The loader in whose place this one stands.
    """

    def __init__(self, cached: CachedDataset, source: DataLoader[Any]) -> None:
        if source.batch_size is None:
            order: dict[str, Any] = {'batch_sampler': source.batch_sampler}
        else:
            order = {
                'batch_size': source.batch_size,
                'sampler': source.sampler,
                'drop_last': source.drop_last,
            }
        super().__init__(
            cached,
            **order,
            collate_fn=source.collate_fn,
            pin_memory=source.pin_memory,
            generator=source.generator,
        )
        self.source = source
        self.begun = False

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """A pass; it draws from the run's generator where the other loader would."""
        stays = self.source.num_workers > 0 and self.source.persistent_workers
        drawn = self.begun and stays
        self.begun = True
        if not drawn:
            return super().__iter__()
        with torch.random.fork_rng([]):
            return super().__iter__()
