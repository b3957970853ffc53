"""What data workers draw at random depends on the epoch, not on how long they live."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from mmengine.dataset import worker_init_fn
from mmengine.dist import get_rank
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader, get_worker_info

from ..cache import CachedLoader
from ..generators import seed_generators

__all__ = ['EpochSeeds', 'seed_workers']


class EpochSeeds:
    """Seeds a data worker at the start of each epoch; its ``worker_init_fn``.

    MMEngine seeds a worker when it starts. One that lives for the whole training then
    draws on, so that a resumed run, whose workers are new, draws other numbers; one
    that starts in each epoch draws the same numbers in all of them. Here the seeds are
    those of seed, process, worker and epoch, in both cases.

    A living worker learns of the epoch from a number in shared memory. It looks in
    front of each batch, through ``__getitems__``, which a dataloader calls where a
    dataset has it. The worker's own copy of the dataset is given one.

    Args:
        first: What the worker calls besides, when it starts.
        seed: Of the run.
        rank: Of the process.
        sampler: Whose ``epoch`` counts the passes in a training by iterations.
    """

    def __init__(
        self, first: Callable[[int], None], seed: int, rank: int, sampler: Any = None
    ) -> None:
        self.first, self.seed, self.rank, self.sampler = first, seed, rank, sampler
        self.epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def begin(self, epoch: int) -> None:
        """Say which epoch begins; in the main process, before its data is read."""
        self.epoch.fill_(epoch)

    def __call__(self, worker: int) -> None:
        """Seed a worker that starts, and see to it that it is seeded again."""
        self.first(worker)
        seeded = max(int(self.epoch), getattr(self.sampler, 'epoch', 0))
        seed_generators(self.seed, self.rank, worker, seeded)
        info = get_worker_info()
        assert info is not None  # a worker calls this
        dataset: Any = info.dataset
        several = getattr(dataset, '__getitems__', None)

        def items(indices: list[int]) -> Any:
            nonlocal seeded
            now = int(self.epoch)
            if now > seeded:
                seeded = now
                seed_generators(self.seed, self.rank, worker, now)
            if several is not None:
                return several(indices)
            return [dataset[index] for index in indices]

        dataset.__getitems__ = items


def seed_workers(runner: Runner) -> EpochSeeds | None:
    """Let the training's data workers be seeded by the epoch.

    A training by iterations has started its workers already, and goes on behind a
    resumed file by reading everything again: workers that stay keep MMEngine's seeds
    there, and new ones are seeded by the pass over the data.

    Args:
        runner: Before its first epoch, resumed if it is.

    Returns:
        What has to be told of each epoch; None where there are no workers, or the
        config gives them a function of its own.
    """
    loop = runner.train_loop
    loader: DataLoader = loop.dataloader
    source = loader.source if isinstance(loader, CachedLoader) else loader
    first = source.worker_init_fn
    own = isinstance(first, partial) and first.func is worker_init_fn
    if not source.num_workers or not own or first is None:
        return None
    # Starting workers draws a number: not from the generators of the run, for those
    # that stay start once, and again in a resumed run. Kept activations have no
    # workers, but what the run draws is to be the same with and without them.
    loader.generator = torch.Generator().manual_seed(int(runner.seed))
    if source is not loader:
        return None
    by_iteration = isinstance(loop, IterBasedTrainLoop)
    sampler = loader.sampler if by_iteration else None
    seeds = EpochSeeds(first, int(runner.seed), get_rank(), sampler)
    loader.worker_init_fn = seeds
    return seeds
