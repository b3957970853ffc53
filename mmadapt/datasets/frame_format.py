"""How decoded frames are kept: at which size, as pixels or as JPEG."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..errors import ConfigError, DataError, did_you_mean

__all__ = ['ENDINGS', 'FrameFormat', 'decode_jpeg', 'encode_jpeg', 'shrink']

ENDINGS = {'jpeg': '.jpegs', 'raw': '.npy'}
"""Kind of format to the ending of its files, one a clip."""


@dataclass(frozen=True)
class FrameFormat:
    """How the frames of a store are kept.

    Attributes:
        kind: ``'raw'``, pixels as they are, one ``.npy`` array ``(T, H, W, 3)`` a clip;
            or ``'jpeg'``.
        short_side: Pixels of the short side; smaller clips keep their size, and with 0
            all do.
        quality: Of JPEG, 1 to 100; without a meaning for ``'raw'``.

    Raises:
        ConfigError: A value that can't be obeyed.
    """

    kind: str = 'jpeg'
    short_side: int = 256
    quality: int = 90

    def __post_init__(self) -> None:
        if self.kind not in ENDINGS:
            raise ConfigError(
                f'frames as {self.kind!r}; allowed: {", ".join(ENDINGS)}.'
                f'{did_you_mean(self.kind, ENDINGS)}'
            )
        if self.short_side < 0 or self.short_side == 1:
            raise ConfigError(
                f'short_side={self.short_side}: 2 pixels or more, or 0 to keep sizes.'
            )
        if not 1 <= self.quality <= 100:
            raise ConfigError(f'quality={self.quality}: from 1 to 100.')

    @property
    def ending(self) -> str:
        """Of the files of clips."""
        return ENDINGS[self.kind]


def shrink(frame: np.ndarray, short_side: int) -> np.ndarray:
    """A frame ``(H, W, 3)`` with a short side of at most so many pixels (0: any).

    Areas are averaged (``cv2.INTER_AREA``); frames that are small enough stay as they
    are.
    """
    height, width = frame.shape[:2]
    short = min(height, width)
    if not 0 < short_side < short:
        return frame
    size = [round(side * short_side / short) for side in (width, height)]
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def encode_jpeg(frame: np.ndarray, quality: int) -> bytes:
    """A frame ``(H, W, 3)``, RGB, as the content of a JPEG file.

    Raises:
        DataError: It can't be written so, such as one of 70,000 pixels a side.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    written, content = cv2.imencode(
        '.jpg', cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), options
    )
    if not written:
        raise DataError(f'a frame of {frame.shape} can not be written as JPEG')
    return content.tobytes()


def decode_jpeg(content: bytes) -> np.ndarray:
    """The frame ``(H, W, 3)``, RGB, in a JPEG file's content.

    Raises:
        ValueError: It isn't one, or is damaged.
    """
    coded = np.frombuffer(content, np.uint8)
    frame = cv2.imdecode(coded, cv2.IMREAD_COLOR) if len(coded) else None
    if frame is None:
        raise ValueError('no JPEG where one should be')
    return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
