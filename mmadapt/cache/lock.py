"""One process at a time writes a folder of kept activations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from mmengine.logging import print_log

from ..errors import StorageError
from ..file_locks import why_no_locks

__all__ = ['alone']


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only process that writes a folder, after waiting for any other.

    The operating system holds the lock, on a file beside the folder, and frees it where
    its process ends, however it ends.

    Args:
        folder: It need not exist; what holds it is made.

    Raises:
        StorageError: What holds it can't be written, or its file system has no locks.
    """
    check_locks(folder)
    lock = FileLock(f'{folder}.lock')
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print_log(
                f'another run is computing the activations in {folder}: waiting for '
                'it. What it leaves is used; if it ends early, this run goes on from '
                'there.',
                logger='current',
            )
            lock.acquire()
    except OSError as error:
        raise StorageError(
            f"{folder}.lock: can't be locked: {error}. Choose another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def check_locks(folder: Path) -> None:
    """Refuse a place without locks.

    Raises:
        StorageError: There are none, or nothing can be written there.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        reason = why_no_locks(folder.parent)
    except OSError as error:
        raise StorageError(
            f"{folder.parent}: the activations that it lacks can't be written there: "
            f'{error}. Choose another folder.'
        ) from error
    if reason is not None:
        raise StorageError(
            f'{folder.parent}: its file system has no locks (flock: {reason}), so '
            'that two runs might write the same activations. Choose a folder on '
            'another file system.'
        ) from reason
