"""One call at a time writes a folder of prepared clips."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import ConfigError, StorageError
from ..file_locks import why_no_locks

__all__ = ['only_writer']

LOCK = '.writing.lock'


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the only call that writes a folder, which is made where it isn't there.

    Two at once would take each other's unfinished files for their own, and the list of
    what is there would be that of the last. Where the file system has no locks that is
    the user's care, and said.

    Args:
        folder: Where the clips go.

    Raises:
        ConfigError: Another call is writing it.
        StorageError: Nothing can be written there.
    """
    there = folder.is_dir()
    lock = FileLock(folder / LOCK, mode=0o666)  # of a group, perhaps
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = why_no_locks(folder)
        if reason is None:
            lock.acquire(timeout=0)
        else:
            print(
                f'{folder}: its file system has no locks ({reason}); see that no other '
                'call writes it at the same time.'
            )
    except Timeout as error:
        raise ConfigError(
            f'{folder}: another call is writing there. Wait for its end, or give each '
            'a folder of its own; lists of one folder go into one call (--lists A B).'
        ) from error
    except OSError as error:
        raise StorageError(
            f'{folder}: nothing can be written there: {error}. Choose another folder.'
        ) from error
    try:
        yield
    finally:
        if not there and {file.name for file in folder.glob('*')} <= {LOCK}:
            shutil.rmtree(folder, ignore_errors=True)  # made for nothing
        lock.release()
