"""Frames of a video file, by whichever decoder is installed and can read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..errors import DataError
from .threads import decoder_threads

__all__ = ['READERS', 'VideoFile']


class Reader(Protocol):
    """One decoder at work on one file."""

    def __len__(self) -> int:
        """Number of frames."""

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Frames ``(H, W, 3)``, RGB, uint8."""


class VideoFile:
    """A video, read by decord or, where that fails, by PyAV or OpenCV.

    decord is the fastest and gives exact frames, but has wheels for Linux x86-64 only,
    and fails on a few frame widths.

    Args:
        path: The file.

    Raises:
        DataError: It is missing, or none of the decoders opens it.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = str(path)
        if not Path(path).is_file():
            raise DataError(f'video {self.path!r}: no such file.')
        self.failures: list[str] = []
        self.untried = list(READERS)
        self.reader = self._open_next()

    def __len__(self) -> int:
        return len(self.reader)

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Frames ``(H, W, 3)``, RGB, uint8, in the order asked for.

        Raises:
            DataError: None of the decoders reads them.
        """
        while True:
            try:
                return self.reader.read(indices)
            # Each decoder fails in its own ways, all of which mean the same.
            except Exception as error:
                self._note(type(self.reader).__name__, error)
                self.reader = self._open_next()

    def _open_next(self) -> Reader:
        while self.untried:
            opener = self.untried.pop(0)
            try:
                reader = opener(self.path)
                if len(reader) < 1:
                    raise DataError('no frame')
                return reader
            except Exception as error:
                self._note(opener.__name__, error)
        raise DataError(
            f'video {self.path!r} can not be decoded ({"; ".join(self.failures)}). '
            'Re-encode it, or take it out of the list.'
        )

    def _note(self, name: str, error: Exception) -> None:
        lines = str(error).strip().splitlines()
        text = lines[-1][:120] if lines else type(error).__name__
        self.failures.append(f'{name}: {text}')


class Decord:
    """decord: exact and fast."""

    def __init__(self, path: str) -> None:
        import decord

        self.video: Any = decord.VideoReader(path, num_threads=decoder_threads())

    def __len__(self) -> int:
        return len(self.video)

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Frames by index."""
        return list(self.video.get_batch(list(indices)).asnumpy())


class PyAV:
    """PyAV: reads from the start, as not every file can be searched exactly."""

    def __init__(self, path: str) -> None:
        import av

        self.open: Callable[..., Any] = av.open
        self.path = path
        with av.open(path) as container:
            stream = container.streams.video[0]
            # Some containers don't say how many frames they have.
            self.length = stream.frames or sum(1 for _ in container.decode(stream))

    def __len__(self) -> int:
        return self.length

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Frames by index."""
        with self.open(self.path) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = decoder_threads()
            frames = (
                frame.to_ndarray(format='rgb24') for frame in container.decode(stream)
            )
            return pick(frames, indices)


class OpenCV:
    """OpenCV: comes with mmcv, so that one decoder is always there."""

    def __init__(self, path: str) -> None:
        import cv2

        self.cv2: Any = cv2
        self.path = path
        video = cv2.VideoCapture(path)
        self.length = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        opened = video.isOpened()
        video.release()
        if not opened:
            raise DataError('not opened')

    def __len__(self) -> int:
        return self.length

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Frames by index."""
        video = self.cv2.VideoCapture(self.path)
        try:
            return pick(self._frames(video), indices)
        finally:
            video.release()

    def _frames(self, video: Any) -> Any:
        while True:
            read, frame = video.read()
            if not read:
                return
            yield frame[..., ::-1].copy()


def pick(frames: Any, indices: Sequence[int]) -> list[np.ndarray]:
    """The frames at some indices of a stream, which ends with the last needed."""
    wanted = {int(index) for index in indices}
    found: dict[int, np.ndarray] = {}
    for number, frame in enumerate(frames):
        if number in wanted:
            found[number] = frame
            if len(found) == len(wanted):
                break
    if len(found) < len(wanted):
        raise DataError(f'frame {min(wanted - set(found))} is not there')
    return [found[int(index)] for index in indices]


READERS: tuple[Callable[[str], Reader], ...] = (Decord, PyAV, OpenCV)
"""Decoders in the order in which they are tried."""
