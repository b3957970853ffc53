"""What the system does to a process that takes too much memory."""

import os
import signal


def end_it(request: object, method: str) -> None:
    """In the place of a measurement."""
    os.kill(os.getpid(), signal.SIGKILL)
