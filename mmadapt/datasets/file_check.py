"""Whose fault it is that a file can't be read."""

from __future__ import annotations

import errno

from ..errors import BrokenFileError

__all__ = ['is_own_fault', 'read_file']

MACHINE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Too many open files, or no memory: any file would fail."""

CODE = (MemoryError, NameError, AttributeError, TypeError, NotImplementedError)
"""What no content of a file brings about."""


def read_file(path: str, kind: str, size: int = -1) -> bytes:
    """The content of a file, or its first bytes.

    Args:
        path: The file.
        kind: What it should be, for the error: ``'photo'``.
        size: Bytes; -1 reads all.

    Raises:
        BrokenFileError: It is missing, empty, or may not be read.
        OSError: The machine is at its limit.
    """
    try:
        with open(path, 'rb') as file:
            content = file.read(size)
    except FileNotFoundError as error:
        raise BrokenFileError(f'{kind} {path!r}: no such file.') from error
    except (OSError, ValueError) as error:
        if is_own_fault(error):
            raise
        reason = getattr(error, 'strerror', None) or error
        raise BrokenFileError(f'{kind} {path!r} can not be read: {reason}.') from error
    if not content:
        raise BrokenFileError(f'{kind} {path!r} is an empty file.')
    return content


def is_own_fault(error: BaseException) -> bool:
    """Whether an error tells of the machine or of the code, not of the file."""
    if isinstance(error, OSError):
        return error.errno in MACHINE
    return isinstance(error, CODE)
