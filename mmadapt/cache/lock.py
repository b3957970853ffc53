"""One process at a time writes a folder of kept activations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from mmengine.logging import print_log

__all__ = ['alone']


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only process that writes a folder, after waiting for any other.

    The operating system holds the lock, on a file beside the folder, and frees it where
    its process ends, however it ends.

    Args:
        folder: It need not exist; what holds it is made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f'{folder}.lock')
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print_log(
            f'another run is computing the activations in {folder}: waiting for it. '
            'What it leaves is used; if it ends early, this run goes on from there.',
            logger='current',
        )
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
