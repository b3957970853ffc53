"""Streams of PyAV, which stop at a fault."""

from __future__ import annotations

from typing import Any

from ..errors import DataError
from .threads import decoder_threads

__all__ = ['attentive_stream', 'close', 'sound', 'strict_stream']


def attentive_stream(container: Any) -> Any:
    """The picture of an open container, whose frames tell whether they are damaged.

    Unless told otherwise, PyAV has threads for the slices of one frame. FFmpeg patches
    up what one of them can't decode, without a word: each of ours has a whole frame.

    Raises:
        DataError: There is none, or no decoder for it.
    """
    if not container.streams.video:
        raise DataError('there is no picture in it, such as in a file of sound')
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise DataError('its codec is not known')
    stream.codec_context.thread_type = 'FRAME'
    stream.codec_context.thread_count = decoder_threads()
    return stream


def strict_stream(container: Any) -> Any:
    """The same, stopping at a fault in it."""
    stream = attentive_stream(container)
    stream.codec_context.options = {'err_detect': 'explode'}
    return stream


def close(container: Any) -> None:
    """Close a container, if it was opened."""
    if container is not None:
        container.close()


def sound(frame: Any) -> Any:
    """A frame that its decoder is sure of."""
    if frame.is_corrupt:
        raise DataError('a frame is corrupt')
    return frame
