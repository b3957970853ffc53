"""Batches of kept activations, in the place of a loader of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
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
            collate_fn=partial(collate, source.collate_fn),
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


def collate(own: Callable[[Any], Any], samples: Sequence[Any]) -> Any:
    """A batch as the other loader makes it, its activations as one tensor."""
    batch = own(samples)
    if isinstance(batch['inputs'], list | tuple):
        batch['inputs'] = joined(batch['inputs'])
    return batch


def joined(rows: Sequence[Tensor]) -> Tensor:
    """The tensor whose rows these are, one behind the other; or a new one of them."""
    first = rows[0]
    step = first.numel() * first.element_size()
    storage = first.untyped_storage().data_ptr()
    if all(
        row.untyped_storage().data_ptr() == storage
        and row.data_ptr() == first.data_ptr() + number * step
        and row.is_contiguous()
        for number, row in enumerate(rows)
    ):
        sizes, steps = (len(rows), *first.shape), (first.numel(), *first.stride())
        return first.as_strided(sizes, steps, first.storage_offset())
    return torch.stack(list(rows))
