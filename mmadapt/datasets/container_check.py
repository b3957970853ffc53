"""Clips whose end is missing, by the sizes that their containers promise."""

from __future__ import annotations

import os
from typing import BinaryIO

from .boxes import BOXES, boxes

__all__ = ['missing_bytes']

SEGMENT = 0x18538067
"""ID of what follows the header in Matroska and WebM."""

EBML = b'\x1a\x45\xdf\xa3'

PADDING = 4096
"""Bytes by which a writer of AVI may be off."""


def missing_bytes(path: str) -> int:
    """How many bytes a clip lacks at its end; 0 where its container doesn't say.

    decord reads a clip that is cut off as a shorter one, and fails, or not, by which
    frames are drawn. Only the heads of a few boxes are read here.

    Sources: ISO/IEC 14496-12 (MP4, MOV), `RFC 8794
    <https://www.rfc-editor.org/rfc/rfc8794>`_ (Matroska, WebM), and the RIFF container
    of AVI.

    Args:
        path: The file.
    """
    size = os.path.getsize(path)
    with open(path, 'rb') as file:
        head = file.read(12)
        if head[4:8] in BOXES:
            return max(end_of_boxes(file, size) - size, 0)
        if head[:4] == b'RIFF':
            missing = int.from_bytes(head[4:8], 'little') + 8 - size
            return missing if PADDING < missing < 2**32 - 1 - size else 0
        if head[:4] == EBML:
            return max(end_of_segment(file, size) - size, 0)
    return 0


def end_of_boxes(file: BinaryIO, size: int) -> int:
    """Where the last box ends, as far as they are known."""
    place = 0
    for box in boxes(file, 0, size):
        if box.kind not in BOXES:
            break
        place = box.end
    return place


def end_of_segment(file: BinaryIO, size: int) -> int:
    """Where the segment of a Matroska file ends; 0 where it doesn't say."""
    file.seek(len(EBML))
    length = number(file)
    file.seek(length or 0, os.SEEK_CUR)
    if int.from_bytes(file.read(4), 'big') != SEGMENT:
        return size if file.tell() <= size else file.tell()
    length = number(file)
    return 0 if length is None else file.tell() + length


def number(file: BinaryIO) -> int | None:
    """A number of variable length; None where all of its bits are set: unknown."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    width = 9 - first[0].bit_length()
    rest = file.read(width - 1)
    bits = 7 * width
    value = int.from_bytes(first + rest, 'big') & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value
