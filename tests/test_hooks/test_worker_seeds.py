"""Data workers draw by seed, process, worker and epoch, however long they live."""

from __future__ import annotations

import random
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, worker_init_fn
from mmengine.runner import IterBasedTrainLoop
from torch.utils.data import DataLoader, Dataset, Subset, get_worker_info

from mmadapt.hooks import worker_seeds
from mmadapt.hooks.worker_seeds import EpochSeeds, seed_workers


class Draws(Dataset):
    """Each sample is what the three generators give, and which worker read it."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> list[float]:
        info = get_worker_info()
        drawn = [random.random(), np.random.rand(), torch.rand(()).item()]
        return [float(info.id if info else -1), *drawn]


class Wrapped(Dataset):
    """Such as those of the libraries: another dataset, and everything it has."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__['dataset'], name)

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index]


DATASETS = {
    'plain': Draws,
    'subset': lambda: Subset(Draws(), range(8)),
    'wrapped': lambda: Wrapped(Subset(Draws(), range(8))),
}


def loader_of(dataset: Dataset, persistent: bool, **values: Any) -> DataLoader:
    first = partial(worker_init_fn, num_workers=2, rank=0, seed=3)
    given: dict[str, Any] = {'num_workers': 2, 'persistent_workers': persistent}
    given |= {'worker_init_fn': first, 'collate_fn': list, 'batch_size': 2} | values
    return DataLoader(dataset, sampler=DefaultSampler(dataset, False), **given)


def runner_of(loader: DataLoader, loop: Any = SimpleNamespace, seed: int = 3) -> Any:
    train_loop = loop.__new__(loop)
    train_loop.dataloader = loader
    return SimpleNamespace(train_loop=train_loop, seed=seed)


def epochs(
    which: range, kind: str = 'plain', persistent: bool = True, **runner: Any
) -> list[np.ndarray]:
    """What is drawn in some epochs, in a process that begins with the first of them."""
    loader = loader_of(DATASETS[kind](), persistent)
    seeds = seed_workers(runner_of(loader, **runner))
    assert isinstance(seeds, EpochSeeds)
    drawn = []
    for epoch in which:
        seeds.begin(epoch)
        drawn.append(np.array([sample for batch in loader for sample in batch]))
    return drawn


@pytest.mark.parametrize('kind', sorted(DATASETS))
def test_epochs_differ_and_each_can_be_begun_with(kind: str) -> None:
    whole = epochs(range(3), kind)
    assert whole[0][:, 0].tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    numbers = np.concatenate(whole)[:, 1:]
    assert len(np.unique(numbers)) == numbers.size  # no epoch or worker repeats another
    assert np.array_equal(epochs(range(2, 3), kind)[0], whole[2])
    for epoch, drawn in enumerate(epochs(range(3), kind, persistent=False)):
        assert np.array_equal(drawn, whole[epoch])


def test_seeds_and_processes_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [epochs(range(1))[0], epochs(range(1), seed=4)[0]]
    monkeypatch.setattr(worker_seeds, 'get_rank', lambda: 1)
    drawn.append(epochs(range(1))[0])
    numbers = np.concatenate(drawn)[:, 1:]
    assert len(np.unique(numbers)) == numbers.size


def test_the_generators_of_the_run_are_left_alone() -> None:
    loader = loader_of(Draws(), persistent=True)
    seed_workers(runner_of(loader))
    before = torch.get_rng_state()
    list(loader)
    assert torch.equal(torch.get_rng_state(), before)
    assert not hasattr(loader.dataset, '__getitems__')  # the workers' copies have it


@pytest.mark.parametrize(
    'values',
    [{'worker_init_fn': print}, {'worker_init_fn': None}, {'num_workers': 0}],
)
def test_other_loaders_are_left_alone(values: dict[str, Any]) -> None:
    persistent = values.get('num_workers', 2) > 0
    loader = loader_of(Draws(), persistent, **values)
    before = loader.worker_init_fn
    assert seed_workers(runner_of(loader)) is None
    assert loader.worker_init_fn is before and loader.generator is None


def test_a_training_by_iterations_counts_its_passes() -> None:
    loader = loader_of(Draws(), persistent=False)
    assert seed_workers(runner_of(loader, IterBasedTrainLoop)) is not None
    drawn = []
    for epoch in range(2):
        loader.sampler.set_epoch(epoch)
        drawn.append(np.array([sample for batch in loader for sample in batch]))
    numbers = np.concatenate(drawn)[:, 1:]
    assert len(np.unique(numbers)) == numbers.size
    assert np.array_equal(drawn[1], epochs(range(1, 2))[0])
