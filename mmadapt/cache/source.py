"""Where activations come from: a dataset, drawn by numbers, and a model's prefix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..errors import ConfigError
from ..generators import seed_generators
from .boundary import Boundary

__all__ = ['Drawn', 'Source']


class Drawn(Dataset[Any]):
    """A dataset whose draws are numbered: the same number, the same draw.

    What a random pipeline makes of a sample depends on nothing else, so that a filling
    that goes on after an interruption draws what it would have drawn, whatever the
    workers and batches.

    Args:
        dataset: Samples.
        seed: A whole number from 0 on.
    """

    def __init__(self, dataset: Dataset[Any], seed: int) -> None:
        self.dataset = dataset
        self.seed = seed

    def __getitem__(self, place: tuple[int, int]) -> Any:
        """A sample in one of its draws: ``place`` is (view, sample)."""
        view, sample = place
        seed_generators(self.seed, view, sample)
        return self.dataset[sample]


@dataclass(frozen=True)
class Source:
    """Where activations come from.

    Attributes:
        model: The model, its data preprocessor included.
        boundary: Where they are taken.
        dataset: Samples.
        loader: Whose batch size, workers and collation are used.
        context: Opens the precision in which they are read later.
        training: Whether the model is in training mode meanwhile.
        seed: Of random pipelines.
    """

    model: BaseModel
    boundary: Boundary
    dataset: Dataset[Any]
    loader: DataLoader[Any]
    context: Callable[[], AbstractContextManager[Any]]
    training: bool = True
    seed: int = 0

    @property
    def device(self) -> torch.device:
        """Where the backbone is."""
        return next(self.boundary.backbone.parameters()).device

    @contextmanager
    def opened(self, training: bool | None = None) -> Iterator[None]:
        """The model's mode and precision, for a while.

        Args:
            training: Another mode than the source's own.
        """
        before = self.model.training
        self.model.train(self.training if training is None else training)
        try:
            with self.context():
                yield
        finally:
            self.model.train(before)

    def item(self) -> Any:
        """The first sample, in its first draw."""
        return Drawn(self.dataset, self.seed)[0, 0]

    def batches(
        self, places: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[Tensor, list[Any]]]:
        """Activations, one row a sample, and samples.

        A sample of several clips or frames gives one row of as many activations.

        Args:
            places: (view, sample) of each row.
        """
        loader = DataLoader(
            Drawn(self.dataset, self.seed),
            batch_size=self.loader.batch_size or 32,
            sampler=places,  # type: ignore[arg-type]
            num_workers=self.loader.num_workers,
            collate_fn=self.loader.collate_fn,
        )
        for batch in loader:
            samples = list(batch['data_samples'])
            yield self.rows(batch, len(samples)), samples

    def rows(self, batch: Any, size: int, training: bool | None = None) -> Tensor:
        """Activations of a batch, ``(size, ...)``, in the mode of :meth:`opened`.

        Raises:
            ConfigError: What is kept isn't a row, or a row of several, a sample.
        """
        with self.opened(training):
            data = self.model.data_preprocessor(batch, False)
            kept = self.boundary.capture(self.model, data)
        several = isinstance(data['inputs'], Tensor) and data['inputs'].dim() > (
            len(self.boundary.input_shape) + 1
        )
        read = self.boundary.input_count
        if len(kept) != read or (read % size if several else read != size):
            raise ConfigError(
                f'{type(self.boundary.backbone).__name__}: {self.boundary} stands '
                f'{tuple(kept.shape)} for {size} samples and {read} inputs, so that it '
                'cannot be cut there: rows of single inputs are kept. Put adapters '
                'into other layers, or train without the cache.'
            )
        return kept.reshape(size, -1, *kept.shape[1:]) if several else kept
