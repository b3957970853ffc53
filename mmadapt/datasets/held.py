"""Pictures that an mp4 holds and doesn't show."""

from __future__ import annotations

from typing import NamedTuple

from .container_check import boxes
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
    found = [kind for kind, _ in boxes(path)]
    if not found or found[0] not in EDITED:
        return None
    try:
        import av
    except ImportError:  # decord stands alone, and shows what is hidden
        return None
    quiet()
    try:
        with av.open(path, **LENIENT) as container:
            stream = container.streams.best('video')
            if stream is None:
                hides = []
            elif b'moof' in found:
                packets = container.demux(stream)
                hides = [packet.is_discard for packet in packets if packet.size]
            else:
                hides = [entry.is_discard for entry in stream.index_entries]
    except av.FFmpegError:
        return None
    return Held(hides.count(False), hides.count(True))
