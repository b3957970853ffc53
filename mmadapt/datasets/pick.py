"""A few frames out of a stream of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import DataError

__all__ = ['pick']


def pick(
    frames: Any, indices: Sequence[int], convert: Callable[[Any], Any] | None = None
) -> list[np.ndarray]:
    """The frames at some indices of a stream, which ends with the last needed."""
    wanted = {int(index) for index in indices}
    found: dict[int, np.ndarray] = {}
    frame = None
    try:
        for number, frame in enumerate(frames):
            if number in wanted:
                found[number] = frame if convert is None else convert(frame)
                if len(found) == len(wanted):
                    break
    finally:
        del frames, frame  # an error holds them, and with them a decoder
    if len(found) < len(wanted):
        raise DataError(f'frame {min(wanted - set(found))} is not there')
    return [found[int(index)] for index in indices]
