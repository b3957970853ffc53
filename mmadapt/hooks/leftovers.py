"""Half-written files of runs that were killed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
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
    more, or if nothing was written to it for a day, which no writing takes.

    Args:
        folder: Where a run writes checkpoints.

    Returns:
        The names of the removed files.
    """
    removed = []
    for file in leftovers(Path(folder)):
        file.unlink(missing_ok=True)  # another run may clear up too
        removed.append(file.name)
    return removed


def leftovers(folder: Path) -> Iterator[Path]:
    """Temporary files that nobody is writing."""
    for file in sorted(folder.glob('.*.tmp')):
        name = PATTERN.fullmatch(file.name)
        if name is None or file.is_symlink() or not file.is_file():
            continue
        own = name['host'] == this_host() and not alive(int(name['process']))
        if own or time.time() - file.stat().st_mtime > DAY:
            yield file


def alive(process: int) -> bool:
    """Whether a process of this machine runs, whoever's it is."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # another user's; no number of a process
        return True
    return True
