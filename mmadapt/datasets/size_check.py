"""Sizes of photos and clips that no pipeline is made for."""

from __future__ import annotations

from ..errors import BrokenFileError

__all__ = ['MAX_PIXELS', 'check_size']

MAX_PIXELS = 178_956_970
"""Pixels of the largest photo: beyond it Pillow suspects a decompression bomb."""

SHORT_SIDE = 256
"""What pipelines scale the short side to before they crop, the long one along.

Of a strip of 1 x 12,000 pixels that makes 786 million, and gigabytes.
"""


def check_size(kind: str, path: str, width: int, height: int) -> None:
    """Refuse a picture of which a few fill the memory, itself or once it is scaled.

    Args:
        kind: What it is, for the error: ``'photo'``.
        path: Its file.
        width: In pixels.
        height: In pixels.

    Raises:
        BrokenFileError: It is too large, or too thin.
    """
    if width * height > MAX_PIXELS:
        raise BrokenFileError(
            f'{kind} {path!r} has {width} x {height} pixels, more than {MAX_PIXELS:,} '
            'of them. Make it smaller.'
        )
    short, long = sorted((width, height))
    scaled = SHORT_SIDE * (SHORT_SIDE * long // max(short, 1))
    if scaled > MAX_PIXELS:
        raise BrokenFileError(
            f'{kind} {path!r} has {width} x {height} pixels: scaled to a short side of '
            f'{SHORT_SIDE}, it would have {scaled:,}, more than {MAX_PIXELS:,}. Cut it '
            'into pieces, or take it out of the data.'
        )
