"""An end to work on a file that has none."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import Any, TypeVar

from ..errors import ConfigError, HangingFileError

__all__ = ['SECONDS', 'check_seconds', 'within']

SECONDS = 120.0
"""As long as a clip may take: far more than one takes that isn't broken."""

SLICE = 1.0
"""Seconds waited for at once: a run that is stopped and continued loses one of them."""

Result = TypeVar('Result')


def within(seconds: float, job: Callable[[], Result], path: str) -> Result:
    """The result of a job that decodes a file, or an error when it takes too long.

    A decoder that hangs can't be stopped: its thread is left behind, and ends with the
    process. This relies on decoders that let other threads run, as decord, OpenCV and
    PyAV do, the last one by :func:`mmadapt.datasets.streams.quiet`.

    Args:
        seconds: As long as it may take.
        job: What to do.
        path: The file, for the error.

    Raises:
        HangingFileError: It isn't done in time.
    """
    outcome: Future[Result] = Future()
    Thread(target=settle, args=(outcome, job), daemon=True).start()
    left = seconds
    while not wait([outcome], min(left, SLICE)).done:
        left -= SLICE
        if left <= 0:
            raise HangingFileError(
                f'video {path!r} was not decoded in {seconds:g} seconds: its decoder '
                'hangs, or the disk does. Re-encode it, or take it out of the list. To '
                'wait longer, give OpenVideo and DecodeVideo of the pipeline seconds=N.'
            )
    try:
        return outcome.result()
    finally:
        del outcome  # an error holds this frame; together they would keep the decoder


def settle(outcome: Future[Any], job: Callable[[], Any]) -> None:
    """Do a job and hand over what comes of it, in a thread of its own."""
    try:
        outcome.set_result(job())
    # It goes on in the thread that waits.
    except BaseException as error:
        outcome.set_exception(error)
    finally:
        del outcome, job


def check_seconds(seconds: object, name: str) -> float:
    """A time limit that a config gives.

    Args:
        seconds: What it gives.
        name: Of the transform, for the error.

    Raises:
        ConfigError: It is no time.
    """
    number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not number or not 0 < float(seconds) < math.inf:  # type: ignore[arg-type]
        raise ConfigError(
            f'{name} got seconds={seconds!r}: as long as one clip may take, a number '
            f'above 0 ({SECONDS:g} unless given).'
        )
    return float(seconds)  # type: ignore[arg-type]
