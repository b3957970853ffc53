"""How a tool ends: what its user can mend is said in a sentence, not a traceback."""

from __future__ import annotations

import errno
import gc
import sys
import time
from collections.abc import Callable

import torch

from .errors import AdaptError

__all__ = ['run']

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""A full disk, a quota, a limit of a file's size: logs meet them like checkpoints."""

WORKER_LOST = 'DataLoader worker (pid'
"""How torch's error begins when a worker was killed; it has no type of its own."""


PAUSE = 0.2
"""Seconds for gloo's threads to let go of what the last operation read."""


def run(main: Callable[[], None]) -> None:
    """Run a tool's main function; our own errors end it with their text alone.

    So do a full disk and a data worker that was killed, which nobody can mend in code.
    After an error the process group stays: NCCL would wait there for processes that
    wait for this one.
    """
    try:
        main()
    except Exception as error:
        text = plain_text(error)
        if text is None:
            raise
        sys.exit(text)
    else:
        leave_group()


def leave_group() -> None:
    """Leave the process group, and end its threads before the interpreter ends.

    A thread of gloo that frees a tensor while the interpreter ends is ended by it, and
    takes the process along: "terminate called without an active exception". The
    threads end with the last that holds the group: the run, which is made of cycles.
    Where torch keeps a group for itself (the meshes of sharded tensors), they have time
    to come to rest.

    Source: https://github.com/pytorch/pytorch/issues/190489
    """
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return
    gc.collect()
    torch.distributed.destroy_process_group()
    time.sleep(PAUSE)


def plain_text(error: Exception) -> str | None:
    """What to say of an error in place of its traceback; None where that is needed.

    torch tells of a killed worker from a signal's handler, in the midst of any line,
    and whoever catches it there may make another error of it.
    """
    origin: BaseException | None = error
    while origin is not None:
        if isinstance(origin, RuntimeError) and str(origin).startswith(WORKER_LOST):
            return (
                f'DataError: {str(origin).splitlines()[0].strip()} A process that '
                'loads data was ended from outside, mostly for want of memory: lower '
                'train_dataloader.num_workers or the batch size. --resume goes on '
                'from the newest checkpoint.'
            )
        origin = origin.__cause__ or origin.__context__
    if isinstance(error, AdaptError):
        return f'{type(error).__name__}: {own_text(error)}'
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return (
            f'StorageError: {error}. What was written before is whole: make room, and '
            'go on with --resume.'
        )
    return None


def own_text(error: AdaptError) -> str:
    """What an error says, without the traceback that a data worker puts around it."""
    text = str(error)
    if not text.startswith('Caught '):
        return text
    kind = type(error)
    return text.rpartition(f'{kind.__module__}.{kind.__name__}: ')[2].strip()
