"""Clips that a phone recorded on its side, and that say so."""

from __future__ import annotations

import math
import os
import struct
from typing import Any, BinaryIO

import numpy as np

from .boxes import Box, find

__all__ = ['quarter_turns', 'turns_of_file', 'upright']

Matrix = tuple[int, ...]
"""Nine numbers, row by row."""

NEARLY = 1.0
"""Degrees by which a matrix may be off a quarter turn."""

UNITS = (16, 16, 30)
"""Bits behind the point of a matrix' columns."""


def upright(frame: Any, turns: int) -> np.ndarray:
    """The picture ``(H, W, 3)`` of PyAV's frame, RGB, turned as it is to be shown.

    decord turns a frame itself, by quarters, as an mp4 says of the whole clip; what
    Matroska says, or a single picture of itself, counts for nothing there, nor here.

    Args:
        frame: An ``av.VideoFrame``.
        turns: By how many quarters, against the clock.
    """
    return np.ascontiguousarray(np.rot90(rgb(frame), turns))


def turns_of_file(path: str, track: int) -> int:
    """By how many quarters an mp4 turns a track's pictures, against the clock.

    A clip with a mirrored or slanting matrix is turned by the nearest quarter, or not
    at all, as decord does it. Source: ISO/IEC 14496-12, 8.2.2 and 8.3.2.

    Args:
        path: The file; any other than an mp4 or mov turns nothing.
        track: The number of the track in it.
    """
    size = os.path.getsize(path)
    with open(path, 'rb') as file:
        for movie in find(file, 0, size, b'moov'):
            whole = [matrix(file, box, 36) for box in find(file, *movie[1:], b'mvhd')]
            for box in find(file, *movie[1:], b'trak', b'tkhd'):
                if number(file, box) == track:
                    return quarter_turns(product(matrix(file, box, 40), *whole[:1]))
    return 0


def number(file: BinaryIO, header: Box) -> int:
    """Of the track with that header; times in front of it take 4 or 8 bytes."""
    file.seek(header.body)
    content = file.read(24)
    place = 20 if content[:1] == b'\1' else 12
    return int.from_bytes(content[place : place + 4], 'big')


def matrix(file: BinaryIO, header: Box, place: int) -> Matrix:
    """How the header of a movie or a track says that it is shown.

    Args:
        file: Open to be read.
        header: The header.
        place: Where in it, if its three times take 4 bytes each and not 8.
    """
    file.seek(header.body)
    content = file.read(place + 12 + 36)
    place += 12 if content[:1] == b'\1' else 0
    return struct.unpack('>9i', content[place : place + 36].ljust(36, b'\0'))


def product(own: Matrix, whole: Matrix | None = None) -> Matrix:
    """A track's matrix in a movie's, as fixed-point numbers of 16, 16 and 30 bits."""
    if whole is None:
        return own
    return tuple(
        sum(own[row + k] * whole[3 * k + column] >> UNITS[k] for k in range(3))
        for row in (0, 3, 6)
        for column in range(3)
    )


def rgb(frame: Any) -> np.ndarray:
    """The picture as it was recorded, by one thread.

    Unless told otherwise PyAV takes a thread a core for it, all of which stay with the
    frame: a fork that frees the frame would wait for them. Before version 17 it has no
    such threads, but takes no notice of the colours that a file says it has.

    Args:
        frame: An ``av.VideoFrame``.
    """
    pixels: np.ndarray = frame.to_ndarray(format='rgb24', threads=1)
    return pixels


def quarter_turns(matrix: Matrix) -> int:
    """How often a frame is turned by a quarter, against the clock.

    Args:
        matrix: Nine numbers, of which the first two columns are ``((a, b), (c, d))``:
            ISO/IEC 14496-12, 6.2.2.

    Returns:
        0 to 3; 0 too where the angle is none of those.
    """
    a, b, _, c, d, *_ = matrix
    if not math.hypot(a, c) or not math.hypot(b, d):
        return 0
    angle = -math.degrees(math.atan2(b / math.hypot(b, d), a / math.hypot(a, c)))
    turns = round(angle / 90)
    return turns % 4 if abs(angle - 90 * turns) < NEARLY else 0
