"""Photos that OpenCV would not read, or would read as something else."""

from __future__ import annotations

import struct
import warnings
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import BrokenFileError
from .file_check import read_file
from .size_check import MAX_PIXELS, check_size

__all__ = ['check_photo', 'check_pixels', 'decode_photo']

JPEG = b'\xff\xd8'
RIFF = b'RIFF'  # the container of WebP
END_OF_IMAGE = b'\xff\xd9'
START_OF_SCAN = 0xDA
START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
BARE = {0x01, *range(0xD0, 0xD9)}
"""Markers of JPEG that no length follows."""


def check_photo(path: str) -> bytes:
    """Look at a photo's first and last bytes; its pixels are not decoded.

    OpenCV before version 5 fills up with grey what is missing at the end of a JPEG,
    and every version so far does so with a WebP.

    Args:
        path: The file.

    Returns:
        Its content.

    Raises:
        BrokenFileError: It is missing, empty, cut off, no photo, or so large or thin
            that a few of them fill the memory.
    """
    content = read_file(path, 'photo')
    width, height, end = 0, 0, 0
    if content.startswith(JPEG):
        width, height, end = jpeg_layout(content)
    elif content.startswith(RIFF):
        end = 8 + int.from_bytes(content[4:8], 'little')
    if not 0 <= end <= len(content):
        raise BrokenFileError(f'photo {path!r} is cut off: its end is missing.')
    if not content.startswith(JPEG):
        width, height = size_of(path, content)
    check_size('photo', path, width, height)
    return content


def size_of(path: str, content: bytes) -> tuple[int, int]:
    """Width and height, as the header says.

    Raises:
        BrokenFileError: It is no photo.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of odd EXIF, and of sizes
            with Image.open(BytesIO(content)) as image:
                return image.size
    except Image.DecompressionBombError:
        raise BrokenFileError(
            f'photo {path!r} has more than {MAX_PIXELS:,} pixels. Make it smaller.'
        ) from None
    # Pillow's parsers fail in their own ways.
    except Exception as error:
        raise BrokenFileError(
            f'photo {path!r} can not be read: {type(error).__name__}.'
        ) from error


def decode_photo(path: str) -> NDArray[np.uint8]:
    """A photo ``(H, W, 3)``, BGR, as MMCV's loader reads it.

    Grey, palette, CMYK and 16-bit photos become three channels of 8 bits, of which 16
    lose their lower half; transparency is dropped, a turn told by EXIF is made.

    Raises:
        BrokenFileError: It can't be decoded, or :func:`check_photo` refuses it.
    """
    content = np.frombuffer(check_photo(path), dtype=np.uint8)
    try:
        image = cv2.imdecode(content, cv2.IMREAD_COLOR)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(str(error)) from error
        raise BrokenFileError(f'photo {path!r} can not be read: {error.err}') from error
    if image is None:
        raise BrokenFileError(f'photo {path!r} can not be read by OpenCV.')
    return np.asarray(image, dtype=np.uint8)


def check_pixels(path: str) -> None:
    """Decode a photo by Pillow, which stops where OpenCV fills up what is damaged.

    Raises:
        BrokenFileError: It doesn't decode, or :func:`check_photo` refuses it.
    """
    content = check_photo(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            with Image.open(BytesIO(content)) as image:
                image.load()
    except MemoryError:
        raise
    # Pillow's decoders fail in their own ways.
    except Exception as error:
        raise BrokenFileError(
            f'photo {path!r} is damaged: {error or type(error).__name__}.'
        ) from error


def jpeg_layout(content: bytes) -> tuple[int, int, int]:
    """Width, height and the place behind the end of a JPEG; -1 where it has no end.

    Its segments are passed over, as a thumbnail in one of them has an end of its own.
    """
    place, height, width = 2, 0, 0
    while place + 9 <= len(content) and content[place] == 0xFF:
        kind = content[place + 1]
        if kind == START_OF_SCAN:
            end = content.find(END_OF_IMAGE, place)
            return width, height, end + 2 if end > 0 else -1
        if kind == 0xFF:  # fill
            place += 1
        elif kind in BARE:
            place += 2
        else:
            if kind in START_OF_FRAME:
                height, width = struct.unpack_from('>HH', content, place + 5)
            place += 2 + int.from_bytes(content[place + 2 : place + 4], 'big')
    return width, height, -1
