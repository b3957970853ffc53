"""How many threads decode one clip."""

from __future__ import annotations

import os
import re
from multiprocessing import parent_process
from pathlib import Path

from torch.utils.data import get_worker_info

__all__ = ['decoder_threads', 'process_cores']

CGROUPS = Path('/sys/fs/cgroup')
QUOTAS = (
    (CGROUPS / 'cpu.max',),
    (CGROUPS / 'cpu/cpu.cfs_quota_us', CGROUPS / 'cpu/cpu.cfs_period_us'),
)
"""Microseconds of all cores together, and in which time: of version 2 and of 1."""


def decoder_threads() -> int:
    """Threads for a clip, so that the workers of all processes fill the cores once.

    A data worker has its part of the cores that its process may use. Processes of
    other kinds, such as those of the tools in ``tools/data``, work beside others on
    clips of their own: one thread each.
    """
    worker = get_worker_info()
    if worker is not None:
        return max(process_cores() // worker.num_workers, 1)
    return 1 if parent_process() is not None else process_cores()


def process_cores() -> int:
    """Cores for one of the processes that a launcher started on this machine."""
    if hasattr(os, 'sched_getaffinity'):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    cores = min(cores, quota_cores() or cores)
    beside = number('LOCAL_WORLD_SIZE')  # torchrun sets it
    if beside:
        return max(cores // beside, 1)
    return max(min(cores, slurm_cores() or cores), 1)


def quota_cores() -> int | None:
    """Cores' worth of time that a container may take; None without a limit.

    It may run on all cores of the machine, but not for long: with ``docker run
    --cpus=8`` threads on 64 of them are stopped for most of the time.
    """
    for files in QUOTAS:
        try:
            quota, period = ' '.join(file.read_text() for file in files).split()
            return max(int(quota) // int(period), 1) if int(quota) > 0 else None
        except (OSError, ValueError):  # not of this kind, or ``max``
            continue
    return None


def slurm_cores() -> int | None:
    """Cores that Slurm means for one task of a step; None outside of one.

    Where it binds tasks to cores, no task has more of them anyway. In a batch script
    that starts no step, only the job's variables are there, and one process runs.
    """
    counts = os.environ.get('SLURM_STEP_TASKS_PER_NODE')  # such as 8(x2),4
    if counts is None:
        return None
    tasks = [
        int(count)
        for count, times in re.findall(r'(\d+)(?:\(x(\d+)\))?', counts)
        for _ in range(int(times or 1))
    ]
    node, given = number('SLURM_NODEID') or 0, number('SLURM_CPUS_ON_NODE')
    asked = number('SLURM_CPUS_PER_TASK')  # where --cpus-per-task was given
    if asked or not given or node >= len(tasks):
        return asked
    return max(given // max(tasks[node], 1), 1)


def number(variable: str) -> int | None:
    """A whole number in the environment; None where there is none."""
    text = os.environ.get(variable, '')
    return int(text) if text.isdecimal() else None
