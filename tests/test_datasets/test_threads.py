"""Decoder threads fill the cores once, whoever decodes."""

from __future__ import annotations

import os
from multiprocessing import get_context
from types import SimpleNamespace

import pytest
from torch.utils.data import DataLoader, Dataset

from mmadapt.datasets import threads
from mmadapt.datasets.threads import decoder_threads


class Threads(Dataset):
    """Samples that are numbers of threads."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        return decoder_threads()


@pytest.fixture
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: range(8), raising=False)
    monkeypatch.delenv('LOCAL_WORLD_SIZE', raising=False)


@pytest.mark.usefixtures('_eight_cores')
@pytest.mark.parametrize(
    ('workers', 'processes', 'expected'),
    [(0, 1, 8), (0, 2, 4), (1, 1, 8), (3, 1, 2), (8, 1, 1), (16, 1, 1), (2, 2, 2)],
)
def test_the_part_of_a_data_worker(
    workers: int, processes: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('LOCAL_WORLD_SIZE', str(processes))
    info = SimpleNamespace(num_workers=workers) if workers else None
    monkeypatch.setattr(threads, 'get_worker_info', lambda: info)
    assert decoder_threads() == expected


@pytest.mark.usefixtures('_eight_cores')
def test_in_the_workers_of_a_dataloader() -> None:
    loader = DataLoader(
        Threads(), num_workers=2, batch_size=None, multiprocessing_context='fork'
    )
    assert list(loader) == [4] * 4


def test_one_thread_in_a_process_of_a_tool() -> None:
    with get_context('spawn').Pool(1) as pool:
        assert pool.apply(decoder_threads) == 1
