"""Processes that end with the one that started them."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # prctl(2)


def ending_with(parent: int) -> Callable[[], None]:
    """What a new process does before its program: ask to be ended with its parent.

    A parent that is killed can't end its children, and a second start would then write
    to the same folder as they do. Linux alone has this; elsewhere nothing happens.

    Args:
        parent: Its process id.
    """

    def ask() -> None:
        if sys.platform == 'linux':
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it was killed in the meantime
                os._exit(1)

    return ask
