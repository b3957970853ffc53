"""Pictures that an mp4 holds and doesn't show."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from .boxes import boxes
from .streams import LENIENT, quiet

__all__ = ['Held', 'held_pictures']

EDITED = (b'ftyp', b'moov', b'mdat', b'wide', b'free', b'skip', b'pnot')
"""Boxes that mp4 and mov begin with: they can hide pictures that they hold."""


class Held(NamedTuple):
    """Pictures that a clip holds.

    Attributes:
        shown: How many are shown.
        hidden: How many are not.
    """

    shown: int
    hidden: int


def held_pictures(path: str) -> Held | None:
    """What an mp4 holds, of which its header counts all, or more.

    A part that was cut out without encoding it anew begins at the key frame in front,
    and hides what comes before the cut. The header tells so of each picture; a file in
    fragments, which has a header a fragment, is read as a whole.

    Returns:
        None for other containers, and for what can't be opened: its reader says why.
    """
    size = os.path.getsize(path)
    with open(path, 'rb') as file:
        found = list(boxes(file, 0, size))
    if not found or found[0].kind not in EDITED:
        return None
    try:
        import av
    except ImportError:  # decord stands alone, and shows what is hidden
        return None
    quiet()
    fragments = found[-1].end < size or any(box.kind == b'moof' for box in found)
    try:
        with av.open(path, **LENIENT) as container:
            stream = container.streams.best('video')
            pictures: Iterable[Any] = ()
            if stream is not None:
                pictures = (
                    container.demux(stream) if fragments else stream.index_entries
                )
            hides = [picture.is_discard for picture in pictures if picture.size]
    except av.FFmpegError:
        return None
    return Held(hides.count(False), hides.count(True))
