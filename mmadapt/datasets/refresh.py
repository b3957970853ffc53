"""Pictures of h264 behind which nothing refers to what is in front of them."""

from __future__ import annotations

__all__ = ['is_refresh']

REFRESH = 5
"""The type of a unit with a part of such a picture: H.264, table 7-1."""


def is_refresh(packet: memoryview, setup: bytes) -> bool:
    """Whether a packet of mp4 or Matroska is an instantaneous decoding refresh.

    Files mark other pictures, too, as those to start at.

    Args:
        packet: Units, each behind its number of bytes.
        setup: Of the decoder, as the file has it: its fifth byte says how many bytes
            that number has (ISO/IEC 14496-15, 5.3.3.1).
    """
    if len(setup) < 5 or setup[0] != 1:
        return False
    width = (setup[4] & 3) + 1
    at = 0
    while at + width < len(packet):
        if packet[at + width] & 31 == REFRESH:
            return True
        at += width + int.from_bytes(packet[at : at + width], 'big')
    return False
