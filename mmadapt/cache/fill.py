"""Computing what is to be kept, once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..datasets.official.progress import Progress
from ..errors import ConfigError
from .boundary import Boundary
from .labels import pack
from .store import Store

__all__ = ['Source', 'check_same_again', 'fill']

NOTE = 20  # batches between two notes of what is whole


@dataclass(frozen=True)
class Source:
    """Where activations come from.

    Attributes:
        model: The model, its data preprocessor included.
        boundary: Where they are taken.
        dataset: Samples.
        loader: Whose batch size, workers and collation are used.
        context: Opens the precision of the training.
    """

    model: BaseModel
    boundary: Boundary
    dataset: Dataset[Any]
    loader: DataLoader[Any]
    context: Callable[[], AbstractContextManager[Any]]

    def batches(self, indices: Sequence[int]) -> Iterator[tuple[Tensor, list[Any]]]:
        """Activations, one row a sample, and samples, in the order of ``indices``.

        A sample of several clips or frames gives one row of as many activations.
        """
        loader = DataLoader(
            self.dataset,
            batch_size=self.loader.batch_size or 32,
            sampler=indices,  # type: ignore[arg-type]
            num_workers=self.loader.num_workers,
            collate_fn=self.loader.collate_fn,
        )
        for batch in loader:
            samples = list(batch['data_samples'])
            yield self.rows(batch, len(samples)), samples

    def rows(self, batch: Any, size: int) -> Tensor:
        """Activations of a batch, ``(size, ...)``."""
        with self.context():
            data = self.model.data_preprocessor(batch, False)
            kept = self.boundary.capture(self.model, data)
        several = isinstance(data['inputs'], Tensor) and data['inputs'].dim() > (
            len(self.boundary.input_shape) + 1
        )
        return kept.view(size, -1, *kept.shape[1:]) if several else kept


def check_same_again(source: Source) -> Tensor:
    """The first activations, after two passes that have to agree.

    Raises:
        ConfigError: The frozen part is random, by dropout or stochastic depth.
    """
    item = source.dataset[0]
    batch = source.loader.collate_fn([item, item])
    first, second = source.rows(batch, 2), source.rows(batch, 2)
    if not torch.equal(first, second):
        raise ConfigError(
            f'{type(source.boundary.backbone).__name__}: the frozen blocks give '
            'another activation at each pass (dropout, or drop_path_rate > 0). Set '
            'both to 0 in the backbone, or train without the cache.'
        )
    return first


def fill(source: Source, store: Store, indices: Sequence[int], text: str) -> None:
    """Compute the rows that a store lacks; an interrupted filling goes on.

    Args:
        source: Where they come from.
        store: Where they go.
        indices: Sample of each row.
        text: What is being done, for the bar.
    """
    store.create()
    store.cut_labels()
    done = store.done
    if done == store.rows:
        return
    mapped = store.open()
    labels: list[dict[str, Any]] = []
    with untouched_randomness(), Progress(store.rows, text) as progress:
        for number, (rows, samples) in enumerate(source.batches(indices[done:])):
            mapped[done : done + len(rows)] = rows.detach().to('cpu')
            labels += [pack(sample) for sample in samples]
            done += len(rows)
            progress.update(done)
            if number % NOTE == NOTE - 1 or done == store.rows:
                store.finish(labels, done)
                labels = []


@contextmanager
def untouched_randomness() -> Iterator[None]:
    """Leave the generators as they were, so that training draws the same."""
    python, numpy = random.getstate(), np.random.get_state()
    devices = range(torch.cuda.device_count())
    with torch.random.fork_rng(devices):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
