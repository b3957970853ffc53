"""Clips whose pictures can be decoded one without the other, and come out the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from .streams import close, sound, strict_stream
from .turned import MATRIX, upright

__all__ = ['LeftToOthersError', 'Packets']

LARGEST = 64 * 2**20
"""Bytes of a file whose packets are held in memory while it is open."""

CONTAINERS = {'mp4, mov': (4, b'ftyp'), 'mkv, webm': (0, b'\x1aE\xdf\xa3')}
"""Those that tell when each picture is shown, and what they have at which place."""

CODECS = ('h264', 'hevc', 'vp9')
"""Those whose pictures are defined to the bit, so that every decoder gives the same."""

FORMATS = ('yuv420p', 'yuvj420p')
"""Pixels that every version of FFmpeg turns to RGB alike, if the height is even."""


class LeftToOthersError(DataError):
    """A clip that nothing is wrong with, but that another reader has to read."""


class Packets:
    """The packets of an open clip, and the decoder for them.

    Args:
        path: The file.

    Attributes:
        times: When each picture is shown, in the order in which they are stored.
        keys: Whether it is a key frame.

    Raises:
        LeftToOthersError: It is of another kind than those above, or is too large.
    """

    def __init__(self, path: str) -> None:
        import av

        check_start(path)
        self.container: Any = av.open(path)
        stream = None
        try:
            stream = strict_stream(self.container)
            self.codec: Any = stream.codec_context
            self.check_kind()
            # The last one is empty: it tells a decoder that there are no more.
            self.packets: list[Any] = list(self.container.demux(stream))[:-1]
            self.times = times_of(self.packets)
            self.keys: list[bool] = [packet.is_keyframe for packet in self.packets]
        except BaseException:
            self.close()
            raise
        finally:
            del stream  # an error holds it, and with it the decoder

    def check_kind(self) -> None:
        """Leave clips to others that may come out in another way than theirs."""
        if len(self.container.streams.video) > 1:
            raise LeftToOthersError('several pictures')
        if self.codec.name not in CODECS or self.codec.pix_fmt not in FORMATS:
            raise LeftToOthersError(f'{self.codec.name} of {self.codec.pix_fmt}')

    def decode(self, start: int, wanted: Collection[int]) -> dict[int, np.ndarray]:
        """Some pictures, decoding from a key frame on.

        Args:
            start: Its place among the packets.
            wanted: Places of the pictures, from there on.

        Returns:
            Frames ``(H, W, 3)``, RGB, uint8, by their places.

        Raises:
            LeftToOthersError: Versions of FFmpeg turn such pictures to other RGB.
            DataError: One isn't there, or one that it may refer to is damaged.
        """
        places = {self.times[place]: place for place in wanted}
        found: dict[int, np.ndarray] = {}
        for frame in self.pictures(range(start, max(wanted) + 1), wanted):
            check_picture(frame)
            place = places.get(sound(frame).pts)
            if place is not None:
                found[place] = upright(frame)
        self.codec.flush_buffers()
        if len(found) < len(places):
            raise DataError('a frame is not there')
        return found

    def pictures(self, places: range, wanted: Collection[int]) -> Iterator[Any]:
        """What the decoder makes of packets, leaving out what nothing refers to."""
        for place in places:
            # One shown before the key frame may refer to what is in front of that.
            if self.times[place] < self.times[places.start]:
                continue
            self.codec.skip_frame = 'DEFAULT' if place in wanted else 'NONREF'
            yield from self.codec.decode(self.packets[place])
        yield from self.codec.decode(None)

    def close(self) -> None:
        """End the decoder with its threads, and free the packets."""
        close(self.container)
        self.container, self.codec, self.packets = None, None, []


def check_start(path: str) -> None:
    """Leave a file to others by its size and first bytes, before it is opened."""
    file = Path(path)
    if file.stat().st_size > LARGEST:
        raise LeftToOthersError(f'more than {LARGEST:,} bytes')
    with file.open('rb') as opened:
        start = opened.read(8)
    if not any(start[at:].startswith(mark) for at, mark in CONTAINERS.values()):
        raise LeftToOthersError(f'none of {", ".join(CONTAINERS)}')


def times_of(packets: Sequence[Any]) -> list[int]:
    """When each picture is shown, the first of them a key frame.

    Raises:
        LeftToOthersError: They don't say so, two say the same, or some come before.
    """
    times = [packet.pts for packet in packets]
    if None in times or len(set(times)) < len(times):
        raise LeftToOthersError('it is not known when its pictures are shown')
    if any(packet.is_discard or packet.is_corrupt for packet in packets):
        raise LeftToOthersError('some of its pictures are not to be shown')
    if not times or not packets[0].is_keyframe or min(times) < times[0]:
        raise LeftToOthersError('its first picture is no key frame')
    return times


def check_picture(frame: Any) -> None:
    """Leave pictures to others whose RGB depends on the version of FFmpeg.

    Raises:
        LeftToOthersError: Two fields make one, or the height, as recorded or as shown,
            is odd.
    """
    odd = frame.height % 2 or (frame.width % 2 and MATRIX in frame.side_data)
    if frame.interlaced_frame or odd:
        raise LeftToOthersError('two fields a picture, or an odd height')
