"""Clips whose pictures can be decoded one without the other, and come out the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from .refresh import is_refresh
from .streams import LENIENT, close, sound, strict_stream
from .turned import turns_of_file, upright

__all__ = ['LeftToOthersError', 'Packets']

LARGEST = 64 * 2**20
"""Bytes of a file whose packets are held in memory while it is open."""

CONTAINERS = {'mp4, mov': (4, b'ftyp'), 'mkv, webm': (0, b'\x1aE\xdf\xa3')}
"""Those that tell when each picture is shown, and what they have at which place."""

CODECS = ('h264', 'hevc', 'vp9')
"""Those whose pictures are defined to the bit, so that every decoder gives the same."""

FORMATS = ('yuv420p', 'yuvj420p')
"""Pixels that every version of FFmpeg turns to RGB alike, if the height is even."""

COLOURS = (1, 2, 4, 5, 6, 7, 9)
"""As what they may be marked: matrix coefficients of ISO/IEC 23091-2, 2 for none."""


class LeftToOthersError(DataError):
    """A clip that nothing is wrong with, but that another reader has to read."""


class Packets:
    """The packets of an open clip, and the decoder for them.

    Args:
        path: The file.

    Attributes:
        times: When each picture is shown, in the order in which they are stored.
        shown: Places of those that are shown at all, in the order of their times.
        starts: Whether decoding can start there.

    Raises:
        LeftToOthersError: It is of another kind than those above, or is too large.
    """

    container: Any = None

    def __init__(self, path: str) -> None:
        import av

        check_start(path)
        self.container = av.open(path, **LENIENT)
        stream = None
        try:
            stream = strict_stream(self.container)
            self.codec: Any = stream.codec_context
            self.check_kind()
            self.turns = turns_of_file(path, stream.id)
            # The last one is empty: it tells a decoder that there are no more.
            self.packets: list[Any] = list(self.container.demux(stream))[:-1]
            self.times = times_of(self.packets)
            if self.codec.has_b_frames and self.in_order_of_decoding():
                raise LeftToOthersError('its times do not tell the order of pictures')
            self.shown = shown(self.packets)
            self.joined = any(p.has_sidedata('new_extradata') for p in self.packets)
            self.starts = [self.is_start(packet) for packet in self.packets]
            if not self.starts[0]:
                raise LeftToOthersError('decoding can not start at its first picture')
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
        if self.codec.colorspace not in COLOURS or self.codec.height % 2:
            raise LeftToOthersError(f'colours {self.codec.colorspace}, or odd height')
        self.promised = (self.codec.width, self.codec.height, self.codec.pix_fmt)

    def in_order_of_decoding(self) -> bool:
        """Whether pictures may be shown in another order than their times say.

        Some recorders, and copies from containers that know no other times, have those
        of decoding in the place of those of showing. A clip without reordered pictures
        looks the same where its encoder allows for some.
        """
        return len(self.times) > 1 and self.times == sorted(self.times)

    def is_start(self, packet: Any) -> bool:
        """Whether decoding can start at a packet.

        Behind a key frame may be pictures that refer to what is in front of it. HEVC
        says which, so that they are left out; in h264 a decoder stumbles over them. In
        a clip of several that were joined, each with parameters of its own, a decoder
        has to have seen where they change.
        """
        if self.joined:
            return packet is self.packets[0]
        if not packet.is_keyframe or self.codec.name != 'h264':
            return bool(packet.is_keyframe)
        return is_refresh(memoryview(packet), self.codec.extradata or b'')

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
            self.check_picture(frame)
            place = places.get(sound(frame).pts)
            if place is not None:
                found[place] = upright(frame, self.turns)
        self.codec.flush_buffers()
        if len(found) < len(places):
            raise DataError('a frame is not there')
        return found

    def check_picture(self, frame: Any) -> None:
        """Leave a picture to others that is another than the file promised.

        decord scales what has another size to that of the first. Versions of FFmpeg
        have ways of their own with an odd height, be it as recorded or as shown, with
        two fields a picture, and with a crop at the left, which comes out too wide.

        Raises:
            LeftToOthersError: It is.
        """
        found = (frame.width, frame.height, frame.format.name)
        odd = frame.width % 2 and self.turns
        if found != self.promised or frame.interlaced_frame or odd:
            raise LeftToOthersError(f'pictures of {found}, or of two fields, or odd')

    def pictures(self, places: range, wanted: Collection[int]) -> Iterator[Any]:
        """What the decoder makes of packets, leaving out what nothing refers to."""
        for place in places:
            self.codec.skip_frame = 'DEFAULT' if place in wanted else 'NONREF'
            yield from self.codec.decode(self.packets[place])
        yield from self.codec.decode(None)

    def close(self) -> None:
        """End the decoder with its threads, and free the packets."""
        close(self.container)
        self.container, self.codec, self.packets = None, None, []

    def __del__(self) -> None:
        # PyAV's own objects hold each other: one that nobody has read would stay open.
        self.close()


def check_start(path: str) -> None:
    """Leave a file to others by its size and first bytes, before it is opened."""
    file = Path(path)
    if file.stat().st_size > LARGEST:
        raise LeftToOthersError(f'more than {LARGEST:,} bytes')
    with file.open('rb') as opened:
        start = opened.read(8)
    if not any(start[at:].startswith(mark) for at, mark in CONTAINERS.values()):
        raise LeftToOthersError(f'none of {", ".join(CONTAINERS)}')


def shown(packets: Sequence[Any]) -> list[int]:
    """Places of the pictures that are shown, in the order in which they are.

    A part that was cut out begins at the key frame in front, and hides what it only
    needs to decode.
    """
    places = (n for n, packet in enumerate(packets) if not packet.is_discard)
    return sorted(places, key=lambda place: packets[place].pts)


def times_of(packets: Sequence[Any]) -> list[int]:
    """When each picture is shown, none of them before the first.

    Raises:
        LeftToOthersError: They don't say so, two say the same, one comes before the
            first, or there is none.
    """
    times = [packet.pts for packet in packets]
    if None in times or len(set(times)) < len(times):
        raise LeftToOthersError('it is not known when its pictures are shown')
    if any(packet.is_corrupt for packet in packets):
        raise LeftToOthersError('some of its packets are damaged')
    if not times or min(times) < times[0]:
        raise LeftToOthersError('its first picture is not the first one shown')
    return times
