"""Decoder threads fill the cores once, whoever decodes."""

from __future__ import annotations

import os
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace

import pytest
from torch.utils.data import DataLoader, Dataset

from mmadapt.datasets import threads
from mmadapt.datasets.threads import decoder_threads, process_cores

SLURM = {
    'SLURM_STEP_TASKS_PER_NODE': 'tasks',
    'SLURM_NODEID': 'node',
    'SLURM_CPUS_ON_NODE': 'cores',
    'SLURM_CPUS_PER_TASK': 'asked',
    'SLURM_NTASKS_PER_NODE': 'job',
}


class Threads(Dataset):
    """Samples that are numbers of threads."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        return decoder_threads()


@pytest.fixture
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: range(8), raising=False)
    monkeypatch.setattr(threads, 'QUOTAS', ())
    for name in ('LOCAL_WORLD_SIZE', *SLURM):
        monkeypatch.delenv(name, raising=False)


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
@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        ({'tasks': '4', 'cores': '8'}, 2),
        ({'tasks': '4(x2)', 'node': '1', 'cores': '8'}, 2),
        ({'tasks': '2(x2),8', 'node': '1', 'cores': '8'}, 4),
        ({'tasks': '2(x2),8', 'node': '2', 'cores': '8'}, 1),
        ({'tasks': '16', 'cores': '8'}, 1),
        ({'tasks': '4', 'cores': '32'}, 8),  # bound: 8 are this task's own
        ({'tasks': '4', 'cores': '32', 'asked': '5'}, 5),  # slurm_train.sh asks
        ({'tasks': '2', 'cores': '32', 'asked': '16'}, 8),
        ({'tasks': '1', 'cores': '8'}, 8),
        ({'tasks': '4'}, 8),
        ({'tasks': '4', 'node': '3', 'cores': '8'}, 8),  # no such node
        ({'job': '4', 'cores': '8', 'asked': '2'}, 8),  # a batch script, and no step
    ],
)
def test_the_part_of_a_task_of_slurm(
    given: dict[str, str], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, short in SLURM.items():
        if short in given:
            monkeypatch.setenv(name, given[short])
    assert process_cores() == expected
    monkeypatch.setenv('LOCAL_WORLD_SIZE', '2')  # torchrun in a task
    assert process_cores() == 4


@pytest.mark.usefixtures('_eight_cores')
def test_in_the_workers_of_a_dataloader() -> None:
    loader = DataLoader(
        Threads(), num_workers=2, batch_size=None, multiprocessing_context='fork'
    )
    assert list(loader) == [4] * 4


def test_one_thread_in_a_process_of_a_tool() -> None:
    with get_context('spawn').Pool(1) as pool:
        assert pool.apply(decoder_threads) == 1


@pytest.mark.usefixtures('_eight_cores')
@pytest.mark.parametrize(
    ('content', 'expected'),
    [
        (['max 100000'], 8),
        (['200000 100000'], 2),
        (['250000 100000'], 2),
        (['50000 100000'], 1),
        (['6400000 100000'], 8),
        (['300000', '100000'], 3),
        (['-1', '100000'], 8),
        (['nonsense'], 8),
        ([], 8),
    ],
)
def test_a_container_may_have_less_time_than_cores(
    content: list[str], expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / f'{number}' for number in range(len(content))]
    for file, text in zip(files, content, strict=True):
        file.write_text(f'{text}\n')
    monkeypatch.setattr(threads, 'QUOTAS', ((tmp_path / 'none',), tuple(files)))
    assert process_cores() == expected
