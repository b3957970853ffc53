"""Streams of PyAV, which stop at a fault."""

from __future__ import annotations

from typing import Any

from ..errors import DataError
from .threads import decoder_threads

__all__ = [
    'LENIENT',
    'attentive_stream',
    'close',
    'quiet',
    'sound',
    'strict_stream',
]

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


def close(container: Any) -> None:
    """Close a container, if it was opened."""
    if container is not None:
        container.close()


def sound(frame: Any) -> Any:
    """A frame that its decoder is sure of."""
    if frame.is_corrupt:
        raise DataError('a frame is corrupt')
    return frame
