"""Half-written files of runs that were killed."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from ..weights.latest import NOTE
from ..weights.run_line import RUN_NOTE
from .storage import this_host

__all__ = ['remove_leftovers']

DAY = 86_400.0
PATTERN = re.compile(
    rf'\.(?:.+\.pth|{NOTE}|{RUN_NOTE})(?:\.(?P<host>[\w-]+))?\.(?P<process>\d+)\.tmp'
)
"""Temporary names of ``write_whole``, for what a training writes."""


def remove_leftovers(folder: str | os.PathLike[str]) -> list[str]:
    """Remove the temporary files that killed runs left in a folder.

    Machines may share the folder, and process numbers mean something on their own
    machine only. So a file goes if its name has this machine and a process that is no
    more, or if nothing was written to it for a day, which no writing takes. One that is
    another user's, or that another run removes meanwhile, is passed over.

    Args:
        folder: Where a run writes checkpoints.

    Returns:
        The names of the removed files.
    """
    removed = []
    for file in sorted(Path(folder).glob('.*.tmp')):
        try:
            if abandoned(file):
                file.unlink()
                removed.append(file.name)
        except OSError:  # it is in nobody's way: no reason not to train
            continue
    return removed


def abandoned(file: Path) -> bool:
    """Whether it is a temporary file that nobody is writing.

    Raises:
        OSError: It can't be looked at, or is gone.
    """
    name = PATTERN.fullmatch(file.name)
    if name is None or file.is_symlink() or not file.is_file():
        return False
    own = name['host'] == this_host() and not alive(int(name['process']))
    return own or time.time() - file.stat().st_mtime > DAY


def alive(process: int) -> bool:
    """Whether a process of this machine runs, whoever's it is; on Windows it may."""
    if os.name == 'nt':
        return True  # signal 0 is Ctrl+C there
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # another user's; no number of a process
        return True
    return True
