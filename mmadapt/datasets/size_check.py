"""Sizes of photos and clips that no pipeline is made for."""

from __future__ import annotations

from ..errors import BrokenFileError

__all__ = ['MAX_PIXELS', 'MAX_RATIO', 'check_size']

MAX_PIXELS = 178_956_970
"""Pixels of the largest photo: beyond it Pillow suspects a decompression bomb."""

MAX_RATIO = 100
"""Times that the long side may be as long as the short one.

Pipelines scale the short side to 224 or 256 pixels before they crop, and the long one
along: of a strip of 1 x 12,000 pixels that makes 786 million, and gigabytes.
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
    if max(width, height) > MAX_RATIO * min(width, height):
        raise BrokenFileError(
            f'{kind} {path!r} has {width} x {height} pixels: one side is more than '
            f'{MAX_RATIO} times the other, and would be scaled along with it. Cut it '
            'into pieces, or take it out of the data.'
        )
