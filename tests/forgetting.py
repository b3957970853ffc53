"""What MMEngine keeps of runs that are over."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

from mmengine.utils import ManagerMixin

__all__ = ['Seconds', 'first_run', 'forget_runs']


def forget_runs() -> None:
    """Let the next run be the first one of this process.

    MMEngine knows a run by its config's name and the second in which it began: another
    one of that second would have its scope, its log and its best score.
    """
    for kind in managers(ManagerMixin):
        vars(kind).get('_instance_dict', {}).clear()


def managers(kind: type) -> Iterator[type]:
    """All classes below one."""
    for below in kind.__subclasses__():
        yield below
        yield from managers(below)


def first_run(build: Callable[..., None]) -> Callable[..., None]:
    """A runner's ``__init__``, which forgets the runs before."""

    @functools.wraps(build)
    def forget_and_build(*args: Any, **values: Any) -> None:
        forget_runs()
        build(*args, **values)

    return forget_and_build


class Seconds:
    """``time`` for MMEngine's runners, in which each begins in a second of its own.

    Of two runs of one second and one folder the logs would be one.
    """

    last = 0

    def time(self) -> float:
        """Seconds since 1970, no two of them alike."""
        kind = type(self)
        kind.last = max(math.floor(time.time()), kind.last + 1)
        return float(kind.last)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)
