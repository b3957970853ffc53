"""Room on a disk: counted for everybody before anything is written, then taken."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ConfigError, StorageError

__all__ = ['allocate', 'check_room', 'storing', 'taken']

UNSUPPORTED = (errno.EINVAL, errno.ENODEV, errno.ENOSYS, errno.EOPNOTSUPP)
"""How a file system says that it allocates nothing ahead."""

CHUNK = 1 << 24  # bytes of zeros at a time


def check_room(folder: Path, needed: int) -> None:
    """Refuse what a disk has no room for.

    Args:
        folder: On the disk; it need not exist.
        needed: Bytes, of all processes together.

    Raises:
        ConfigError: With what is needed and what is free.
    """
    whole = folder.absolute()
    there = next(path for path in (whole, *whole.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise ConfigError(
            f'{folder}: the activations of all processes take {needed / 1e9:.3g} GB '
            f'more, and {free / 1e9:.3g} GB are free. Choose another folder, fewer '
            'views or adapters in fewer of the last blocks.'
        )


def allocate(file: Path, size: int, start: int = 0) -> None:
    """Take the bytes of a file from the disk; what it holds in front stays.

    A file that is only made long takes its blocks when they are written, and a process
    that writes to it through memory is killed where the disk is full by then.

    Args:
        file: The file; it is made.
        size: Of the whole file.
        start: Bytes in front that are written already.

    Raises:
        OSError: The disk is full, or lets no file be so large.
    """
    with file.open('r+b' if file.exists() else 'w+b') as opened:
        if start >= size:
            return
        if hasattr(os, 'posix_fallocate'):
            try:
                os.posix_fallocate(opened.fileno(), start, size - start)
            except OSError as error:
                if error.errno not in UNSUPPORTED:
                    raise
            else:
                return
        opened.seek(start)
        for begin in range(start, size, CHUNK):
            opened.write(bytes(min(CHUNK, size - begin)))
        opened.flush()
        os.fsync(opened.fileno())


def taken(file: Path) -> int:
    """Bytes that a file has of its disk, holes left out; 0 where it isn't there."""
    if not file.is_file():
        return 0
    found = file.stat()
    blocks = getattr(found, 'st_blocks', None)  # not on Windows
    return found.st_size if blocks is None else min(found.st_size, 512 * blocks)


@contextmanager
def storing(folder: Path, size: int) -> Iterator[None]:
    """Say of a folder's files that they can't be written.

    Raises:
        StorageError: In place of the system's own error.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{folder}: activations of {size / 1e9:.3g} GB can't be written: {error}. "
            'Make room, or choose another folder, fewer views or adapters in fewer of '
            'the last blocks.'
        ) from error
