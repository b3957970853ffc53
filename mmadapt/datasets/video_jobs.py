"""The same work on many clips, in several processes, one of which may die."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.connection import wait as wait_for
from threading import Thread
from typing import Any, Generic, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ..ending import NO_SPACE
from ..errors import AdaptError, StorageError
from .streams import quiet

__all__ = ['Outcome', 'run_jobs']

Item = TypeVar('Item')
Result = TypeVar('Result')

AHEAD = 4
"""Jobs handed out for each process, so that none waits for the next."""


@dataclass(frozen=True)
class Outcome(Generic[Item, Result]):
    """What became of one item.

    Attributes:
        item: The item.
        result: What the job returned, None where it failed.
        problem: Why it failed, None where it didn't.
    """

    item: Item
    result: Result | None
    problem: str | None


def run_jobs(
    job: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    title: str,
    seconds: float = 0,
) -> Iterator[Outcome[Item, Result]]:
    """Do a job for every item, with a progress bar; results come as they are ready.

    An error is the item's own. So is a decoder's crash: it ends the process, whose
    other items are done again.

    Args:
        job: A function of a module, so that other processes find it.
        items: What to work on.
        workers: Processes at once.
        title: Stands before the bar.
        seconds: A job that takes longer is ended, with its process, and has failed; 0
            lets all of them take what they take.

    Raises:
        StorageError: There is no room for what a job writes.
    """
    job = partial(timed, job, seconds) if seconds else job
    waiting = deque(items)
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True), auto_refresh=False)
    with bar:
        task = bar.add_task(title, total=len(waiting))
        while waiting:
            suspects = yield from watched(bar, task, pooled(job, waiting, workers))
            alone = (run_alone(job, item, seconds) for item in suspects)
            yield from watched(bar, task, alone)


def watched(
    bar: Progress, task: Any, outcomes: Iterable[Outcome[Item, Result]]
) -> Generator[Outcome[Item, Result], None, list[Item]]:
    """Hand outcomes on, moving the bar; returns what the outcomes return, if any."""
    iterator = iter(outcomes)
    while True:
        try:
            outcome = next(iterator)
        except StopIteration as end:
            return end.value or []
        bar.advance(task)
        bar.refresh()
        yield outcome


def pooled(
    job: Callable[[Item], Result], waiting: deque[Item], workers: int
) -> Generator[Outcome[Item, Result], None, list[Item]]:
    """Work until nothing waits or a process dies; returns what was under way then."""
    running: dict[Future[tuple[Result | None, str | None]], Item] = {}
    pool = new_pool(workers)
    try:
        while waiting or running:
            while waiting and len(running) < AHEAD * workers:
                running[pool.submit(attempt, job, waiting[0])] = waiting[0]
                waiting.popleft()
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                result, problem = future.result()
                yield Outcome(running.pop(future), result, problem)
    except BrokenProcessPool:
        return list(running.values())
    finally:
        pool.shutdown(cancel_futures=True)
    return []


def run_alone(
    job: Callable[[Item], Result], item: Item, seconds: float
) -> Outcome[Item, Result]:
    """Do the job in a process of its own."""
    with new_pool(1) as pool:
        pool.submit(os.getpid).result()  # it is there: what follows is the job's time
        started = time.monotonic()
        try:
            return Outcome(item, *pool.submit(attempt, job, item).result())
        except BrokenProcessPool:
            if seconds and time.monotonic() - started >= seconds:
                return Outcome(item, None, f'not done in {seconds:g} seconds')
            return Outcome(item, None, 'the decoder crashed')


def new_pool(workers: int) -> ProcessPoolExecutor:
    """Processes that are not forked from this one.

    Where this one has decoded anything, decoders have locks that a fork would copy, and
    wait for without end. A server that has only imported this package is forked.
    """
    if 'forkserver' not in get_all_start_methods():
        return ProcessPoolExecutor(workers, initializer=prepare_worker)
    context = get_context('forkserver')
    context.set_forkserver_preload([__name__])
    return ProcessPoolExecutor(workers, context, prepare_worker)


def timed(job: Callable[[Item], Result], seconds: float, item: Item) -> Result:
    """Do the job, or end this process: a decoder that hangs listens to nothing else."""
    if not hasattr(signal, 'setitimer'):  # Windows
        return job(item)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return job(item)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def attempt(
    job: Callable[[Item], Result], item: Item
) -> tuple[Result | None, str | None]:
    """The job's result, or what went wrong.

    Raises:
        StorageError: There is no room for what it writes; the next ones would find none
            either.
    """
    try:
        return job(item), None
    except AdaptError as error:
        return None, str(error)
    except OSError as error:
        if error.errno in NO_SPACE and error.errno != errno.EFBIG:  # its own size
            raise StorageError(
                f'{error}: the disk, or what may be used of it, is full. Make room, '
                'and call this again: what is there stays.'
            ) from error
        return None, f'{type(error).__name__}: {error}'
    # What a decoder throws at a broken file is of any kind; the list goes on.
    except Exception as error:
        return None, f'{type(error).__name__}: {error}'


def prepare_worker() -> None:
    """An interrupt ends the parent, which ends the workers; decoders keep silent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=end_with_parent, daemon=True).start()
    with suppress(ImportError):
        quiet()
    with suppress(ImportError):
        import decord

        decord.logging.set_level(decord.logging.QUIET)


def end_with_parent() -> None:
    """End this process when its parent is killed: it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
