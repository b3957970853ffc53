"""A process that is forked from one that has decoded leaves its decoders alone."""

from __future__ import annotations

import os
from functools import cache
from threading import RLock
from typing import Any
from weakref import WeakSet

__all__ = ['spare']


class Spared:
    """Decoders that no fork of this process frees.

    A decoder has threads, and waits for their end when it is freed. A fork, such as a
    data worker, inherits the decoder but not its threads: it would wait for ever, or
    crash. So a fork keeps what it inherits, whoever drops it there, to its end by
    ``os._exit``, as data workers and other forked processes end.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self.alive: WeakSet[Any] = WeakSet()
        self.held: list[Any] = []
        self.inherited: list[Any] = []

    def hold(self) -> None:
        """In front of a fork, for its first steps free things already."""
        self.lock.acquire()  # no other thread has it half done in the fork
        self.held = list(self.alive)

    def release(self) -> None:
        """Behind a fork, in the process that goes on."""
        try:
            self.held = []
        finally:
            self.lock.release()

    def keep(self) -> None:
        """In the fork; its own forks, too, must not free what it inherited."""
        self.inherited += self.held
        self.held = []
        self.alive.clear()
        self.lock = RLock()


@cache
def spared() -> Spared:
    """Those of this process, watched from the first one on."""
    found = Spared()
    if hasattr(os, 'register_at_fork'):
        os.register_at_fork(
            before=found.hold, after_in_parent=found.release, after_in_child=found.keep
        )
    return found


def spare(decoder: object) -> None:
    """Keep forks of this process from freeing a decoder.

    Args:
        decoder: With threads; it has to take weak references.
    """
    known = spared()
    with known.lock:
        known.alive.add(decoder)
