"""How many threads decode one clip."""

from __future__ import annotations

import os
from multiprocessing import parent_process

from torch.utils.data import get_worker_info

__all__ = ['decoder_threads', 'process_cores']


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
    beside = os.environ.get('LOCAL_WORLD_SIZE', '')  # torchrun sets it
    return max(cores // int(beside), 1) if beside.isdecimal() and int(beside) else cores
