"""Whether a file system has locks."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryFile

__all__ = ['why_no_locks']


def why_no_locks(folder: Path) -> OSError | None:
    """Why nothing can be locked in a folder; None where it can.

    Some file systems of a network have no locks, and releases of filelock differ in
    what they do there: wait for ever, fail, or go on with a file that outlives a killed
    run. So it is tried on a file of our own, which nobody else can hold.

    Raises:
        OSError: Nothing can be written there.
    """
    with TemporaryFile(dir=folder) as file:
        if sys.platform == 'win32':
            return None  # whose locks need no trial
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error
    return None
