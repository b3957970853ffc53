"""Clips that a phone recorded on its side, and that say so."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np

__all__ = ['quarter_turns', 'rgb', 'says_itself', 'upright']

MATRIX = 'DISPLAYMATRIX'
"""PyAV's name of what says how a frame is to be shown."""

NEARLY = 1.0
"""Degrees by which a matrix may be off a quarter turn."""


def upright(frame: Any) -> np.ndarray:
    """The picture ``(H, W, 3)`` of PyAV's frame, RGB, turned as it is to be shown.

    decord and OpenCV turn a frame themselves, by quarters: a clip with a mirrored or
    slanting matrix is turned by the nearest quarter, or not at all, as decord does it.

    Args:
        frame: An ``av.VideoFrame``.
    """
    pixels = rgb(frame)
    matrix = frame.side_data.get(MATRIX)
    if matrix is None:
        return pixels
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns(bytes(matrix))))


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


def says_itself(codec: Any, packet: Any) -> bool:
    """Whether a picture says itself how it is to be shown, and not its file.

    A decoder that knows nothing of the file tells. decord, of an older FFmpeg, turns by
    the file alone.

    Args:
        codec: PyAV's decoder of the clip.
        packet: A key frame's.
    """
    import av

    alone: Any = av.CodecContext.create(codec.name, 'r')
    alone.extradata, alone.thread_count = codec.extradata, 1
    # Its bytes alone: a picture that the file hides would not come out.
    frames = [*alone.decode(av.Packet(bytes(packet))), *alone.decode(None)]
    return any(MATRIX in frame.side_data for frame in frames)


def quarter_turns(matrix: bytes) -> int:
    """How often a frame is turned by a quarter, against the clock.

    Args:
        matrix: Nine whole numbers of 32 bits in this machine's order, of which the
            first two columns are fixed-point ``((a, b), (c, d))``: ISO/IEC 14496-12,
            6.2.2.

    Returns:
        0 to 3; 0 too where the angle is none of those.
    """
    a, b, _, c, d, *_ = struct.unpack('=9i', matrix)
    if not math.hypot(a, c) or not math.hypot(b, d):
        return 0
    angle = -math.degrees(math.atan2(b / math.hypot(b, d), a / math.hypot(a, c)))
    turns = round(angle / 90)
    return turns % 4 if abs(angle - 90 * turns) < NEARLY else 0
