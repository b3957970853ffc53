"""Several processes of one test, joined by gloo."""

from __future__ import annotations

import os
import pickle
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.multiprocessing

SECONDS = 120
"""After so long a test counts as hung."""


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return int(free.getsockname()[1])


def in_processes(
    count: int, task: Callable[[int], Any], folder: Path
) -> list[Any | str]:
    """What ``task(rank)`` returns in each of several processes.

    They are forks of this one, so that nothing is imported again, with the variables
    that torchrun sets; the process group is joined already.

    Args:
        count: How many.
        task: What each does; its result must pickle.
        folder: For the results.

    Returns:
        By rank, the result, or the text of the error that ended the process.
    """
    port = free_port()
    context = torch.multiprocessing.get_context('fork')

    def work(rank: int) -> None:
        os.environ.update(
            RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(count),
            MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port),
        )  # fmt: skip
        torch.set_num_threads(1)
        torch.distributed.init_process_group('gloo')
        # The first one holds what the others find one another by, until it ends.
        torch.distributed.barrier()
        try:
            result: Any = task(rank)
        except Exception as error:  # told to the test, which decides what it means
            result = f'{type(error).__name__}: {error}'
            traceback.print_exc()
        (folder / f'result{rank}').write_bytes(pickle.dumps(result))

    workers = [context.Process(target=work, args=(rank,)) for rank in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(SECONDS)
    hung = [rank for rank, worker in enumerate(workers) if worker.is_alive()]
    for rank in hung:
        workers[rank].kill()
    assert not hung, f'processes {hung} of {count} did not end in {SECONDS} s'
    files = [folder / f'result{rank}' for rank in range(count)]
    return [
        pickle.loads(file.read_bytes()) if file.is_file() else 'no result'
        for file in files
    ]
