"""One call at a time writes a folder of prepared clips."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import ConfigError, StorageError

__all__ = ['only_writer']

LOCK = '.writing.lock'


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the only call that writes a folder, which is made where it isn't there.

    Two at once would take each other's unfinished files for their own, and the list of
    what is there would be that of the last.

    Args:
        folder: Where the clips go.

    Raises:
        ConfigError: Another call is writing it.
        StorageError: Nothing can be written there.
    """
    lock = FileLock(folder / LOCK)
    there = folder.is_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(
            f'{folder}: another call is writing there. Wait for its end, or give each '
            'a folder of its own; lists of one folder go into one call (--lists A B). '
            f'If there is none, remove {folder / LOCK}.'
        ) from error
    except OSError as error:
        raise StorageError(
            f'{folder}: nothing can be written there: {error}. Choose another folder.'
        ) from error
    try:
        yield
    finally:
        with suppress(OSError):  # while it is held: nobody can have opened it since
            (folder / LOCK).unlink()
        lock.release()
        if not there:
            with suppress(OSError):  # something was written
                folder.rmdir()
