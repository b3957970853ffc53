"""Frames of a video file, by whichever decoder is installed and can read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike
from typing import Any, Protocol

import numpy as np

from ..errors import BrokenFileError, DataError
from .container_check import missing_bytes
from .file_check import is_own_fault, read_file
from .forks import spare
from .held import held_pictures
from .packets import LeftToOthersError
from .pick import pick
from .size_check import check_size
from .sparse import SparsePyAV
from .streams import LENIENT, close, sound, strict_stream
from .threads import decoder_threads
from .turned import turns_of_file, upright

__all__ = ['READERS', 'VideoFile']

PHOTO_STARTS = (b'\x89PNG', b'\xff\xd8', b'BM', b'II*\x00', b'MM\x00*')
"""First bytes of PNG, JPEG, BMP and TIFF, which decoders take for clips of a frame."""


class Reader(Protocol):
    """One decoder at work on one file."""

    def __len__(self) -> int:
        """Number of frames."""

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Frames ``(H, W, 3)``, RGB, uint8."""


class VideoFile:
    """A video, read by decord or, where that fails, by PyAV or OpenCV.

    decord gives exact frames, but has wheels for Linux x86-64 only, and fails on a few
    frame widths. For a few frames PyAV is faster, where it is known to give the same:
    it is asked first. What PyAV refuses OpenCV is not asked for: it decodes by the same
    library, and doesn't tell which frames were patched up.

    Args:
        path: The file.
        sparse: A few frames of it will be read, at once: no more is decoded than they
            need, where that gives the same frames.

    Raises:
        BrokenFileError: It is missing, empty, cut off or a photo, or no decoder opens
            it.
    """

    def __init__(self, path: str | PathLike[str], sparse: bool = False) -> None:
        self.path = str(path)
        start = read_file(self.path, 'video', 4)
        missing = missing_bytes(self.path)
        if missing:
            raise BrokenFileError(
                f'video {self.path!r} is cut off: {missing:,} bytes are missing at its '
                'end. Get it again, or take it out of the list.'
            )
        self.failures: list[str] = []
        self.sparse = sparse
        self.untried = [one for one in READERS if sparse or one is not SparsePyAV]
        self.reader = self._open_next()
        if start.startswith(PHOTO_STARTS) and len(self.reader) == 1:
            raise BrokenFileError(f'video {self.path!r} is a photo.')

    def __len__(self) -> int:
        return len(self.reader)

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Frames ``(H, W, 3)``, RGB, uint8, in the order asked for.

        Raises:
            BrokenFileError: None of the decoders reads them, or they are so thin that
                scaling them fills the memory.
        """
        while True:
            try:
                frames = self.reader.read(indices)
                break
            except LeftToOthersError:
                pass
            # Each decoder fails in its own ways, all of which mean the same.
            except Exception as error:
                self._note(type(self.reader), error)
            # Behind the error, which holds its decoder: the next one would keep it.
            self.reader = self._open_next()
        for frame in frames[:1]:
            check_size('video', self.path, frame.shape[1], frame.shape[0])
        return frames

    def _open_next(self) -> Reader:
        while self.untried:
            opener = self.untried.pop(0)
            try:
                reader = opener(self.path)
                if len(reader) < 1:
                    raise DataError('no frame')
                return reader
            except LeftToOthersError:
                if opener is Decord and not self.sparse:
                    self.untried.insert(0, SparsePyAV)  # faster, part by part
                continue
            except Exception as error:
                self._note(opener, error)
        raise BrokenFileError(
            f'video {self.path!r} can not be decoded ({"; ".join(self.failures)}). '
            'Re-encode it, or take it out of the list.'
        )

    def _note(self, decoder: Callable[..., Any], error: Exception) -> None:
        if is_own_fault(error):
            raise error
        lines = str(error).strip().splitlines()
        text = lines[-1][:120] if lines else type(error).__name__
        self.failures.append(f'{decoder.__name__}: {text}')
        if decoder is PyAV and not isinstance(error, ImportError):
            self.untried.clear()


NO_REPEATED_FRAME = 1e-9
"""Share of frames that decord may fill with their neighbours: not one of them."""


class Decord:
    """decord: exact and fast.

    Unless told otherwise it fills a frame that it can't decode with one beside it.

    Raises:
        LeftToOthersError: The clip hides pictures, which decord doesn't know.
    """

    def __init__(self, path: str) -> None:
        import decord

        held = held_pictures(path)
        if held is not None and held.hidden:
            raise LeftToOthersError('it hides pictures, which decord shows')
        self.video: Any = decord.VideoReader(
            path, num_threads=decoder_threads(), fault_tol=NO_REPEATED_FRAME
        )
        spare(self.video)

    def __len__(self) -> int:
        return len(self.video)

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Frames by index."""
        return list(self.video.get_batch(list(indices)).asnumpy())


class PyAV:
    """PyAV: reads from the start, as not every file can be searched exactly.

    A frame with a part that doesn't decode is an error, not patched up. Unlike the
    others it leaves the frames of a phone as they were recorded: they are turned here,
    as decord does it, by what an mp4 says of the whole clip.
    """

    def __init__(self, path: str) -> None:
        import av

        self.open: Callable[..., Any] = av.open
        self.path = path
        container = stream = None
        try:
            container = av.open(path, **LENIENT)
            stream = strict_stream(container)
            self.turns = turns_of_file(path, stream.id)
            held = held_pictures(path)
            # Some containers don't say how many frames they have.
            self.length = (held.shown if held is not None else stream.frames) or sum(
                1 for _ in container.decode(stream)
            )
        finally:
            close(container)
            # An error holds these names, and decoders with them, that a fork may free.
            del container, stream

    def __len__(self) -> int:
        return self.length

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Frames by index."""
        container = stream = frames = None
        try:
            container = self.open(self.path, **LENIENT)
            stream = strict_stream(container)
            frames = (sound(frame) for frame in container.decode(stream))
            return pick(frames, indices, partial(upright, turns=self.turns))
        finally:
            close(container)
            del container, stream, frames


class OpenCV:
    """OpenCV: comes with mmcv, so that one decoder is always there."""

    def __init__(self, path: str) -> None:
        import cv2

        self.cv2: Any = cv2
        self.path = path
        video = cv2.VideoCapture(path)
        self.length = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        if not video.isOpened():
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


READERS: tuple[Callable[[str], Reader], ...] = (SparsePyAV, Decord, PyAV, OpenCV)
"""Decoders in the order in which they are tried."""
