"""The boxes that an MP4 or MOV file is made of, by their heads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

__all__ = ['BOXES', 'Box', 'boxes', 'find']

BOXES = (
    b'ftyp', b'styp', b'moov', b'moof', b'mdat', b'mfra', b'sidx', b'free', b'skip',
    b'wide', b'uuid', b'udta', b'meta', b'pdin', b'pnot',
)  # fmt: skip
"""What stands on the top level of a file."""


class Box(NamedTuple):
    """A box, of which the head was read.

    Attributes:
        kind: Its name.
        body: Where its content begins.
        end: Where it ends; behind the file's end if that is missing.
    """

    kind: bytes
    body: int
    end: int


def boxes(file: BinaryIO, start: int, stop: int) -> Iterator[Box]:
    """The boxes from one place of a file to another, as far as they can be told.

    Source: ISO/IEC 14496-12, 4.2.

    Args:
        file: Open to be read.
        start: Where the first one begins.
        stop: Where they end, such as the end of the box around them.
    """
    while start + 8 <= stop:
        file.seek(start)
        head = file.read(16)
        length, body = int.from_bytes(head[:4], 'big'), start + 8
        if length == 1:
            length, body = int.from_bytes(head[8:16], 'big'), start + 16
        if length == 0:  # up to the end
            length = stop - start
        if length < body - start:
            return
        yield Box(head[4:8], body, start + length)
        start += length


def find(file: BinaryIO, start: int, stop: int, *path: bytes) -> Iterator[Box]:
    """The boxes of a name that stand in one another.

    Args:
        file: Open to be read.
        start: Where the outermost ones begin.
        stop: Where they end.
        path: The name of the outermost, and on to that of the innermost.
    """
    for box in boxes(file, start, stop):
        if box.kind != path[0]:
            continue
        if len(path) == 1:
            yield box
        else:
            yield from find(file, box.body, min(box.end, stop), *path[1:])
