"""Streams of PyAV, which stop at a fault."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import DataError
from .threads import decoder_threads

__all__ = [
    'LENIENT',
    'attentive_stream',
    'close',
    'held_pictures',
    'quiet',
    'sound',
    'strict_stream',
]

EDITED = (b'ftyp', b'moov', b'mdat', b'wide', b'free', b'skip', b'pnot')
"""Boxes that mp4 and mov begin with: they can hide pictures that they hold."""

LENIENT: Any = {'metadata_errors': 'replace'}
"""Of ``av.open``: a title in another alphabet is no fault of a clip."""


def attentive_stream(container: Any) -> Any:
    """The picture of an open container, whose frames tell whether they are damaged.

    Unless told otherwise, PyAV has threads for the slices of one frame. FFmpeg patches
    up what one of them can't decode, without a word: each of ours has a whole frame.

    Raises:
        DataError: There is none, or no decoder for it.
    """
    quiet()
    stream = container.streams.best('video')  # as decord: not the cover of an album
    if stream is None:
        raise DataError('there is no picture in it, such as in a file of sound')
    if stream.codec_context is None:
        raise DataError('its codec is not known')
    stream.codec_context.thread_type = 'FRAME'
    stream.codec_context.thread_count = decoder_threads()
    return stream


def strict_stream(container: Any) -> Any:
    """The same, stopping at a fault in it, and without grain that is put on a film.

    decord knows no such grain: a clip is to be the same by every reader.
    """
    stream = attentive_stream(container)
    stream.codec_context.options = {
        'err_detect': 'explode',
        'export_side_data': 'film_grain',  # told, and so not applied
    }
    return stream


def quiet() -> None:
    """Keep FFmpeg's threads out of Python.

    Where somebody has set a level of its messages, as some releases of torchvision do,
    each thread of a decoder waits for Python to take its message, and Python waits for
    the thread when it frees the decoder: a damaged clip would stop the process.
    """
    import av

    av.logging.set_level(None)


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
    and hides what comes before the cut.

    Returns:
        None for other containers, and for what can't be opened: its reader says why.
    """
    with open(path, 'rb') as file:
        if file.read(8)[4:] not in EDITED:
            return None
    try:
        import av
    except ImportError:  # decord stands alone, and shows what is hidden
        return None
    quiet()
    try:
        with av.open(path, **LENIENT) as container:
            stream = container.streams.best('video')
            packets = container.demux(stream) if stream else ()
            hides = [packet.is_discard for packet in packets if packet.size]
    except av.FFmpegError:
        return None
    return Held(hides.count(False), hides.count(True))


def close(container: Any) -> None:
    """Close a container, if it was opened."""
    if container is not None:
        container.close()


def sound(frame: Any) -> Any:
    """A frame that its decoder is sure of."""
    if frame.is_corrupt:
        raise DataError('a frame is corrupt')
    return frame
