"""What happens to the bytes of a file: on a bad disk, in a cut download, by mistake."""

from __future__ import annotations

import random
from collections.abc import Callable

__all__ = ['DAMAGES', 'damage']

PAGE = b'<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>\n'
PICTURE = b'\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR'


def damage(content: bytes, own: random.Random, turn: int) -> tuple[bytes, str]:
    """Damaged bytes, and what was done in words.

    Args:
        content: The bytes of a whole file.
        own: Where it happens.
        turn: Which kind of damage; they take turns.

    Returns:
        Other bytes than ``content``.
    """
    while True:
        broken, words = DAMAGES[turn % len(DAMAGES)](content, own)
        if broken != content:
            return broken, words


def flip(content: bytes, own: random.Random) -> tuple[bytes, str]:
    """One to eight bits turned over."""
    broken = bytearray(content)
    places = sorted(own.randrange(len(content) * 8) for _ in range(own.choice([1, 8])))
    for place in places:
        broken[place // 8] ^= 1 << place % 8
    return bytes(broken), f'bits {places} flipped'


def cut(content: bytes, own: random.Random) -> tuple[bytes, str]:
    """The end is lacking."""
    end = own.randrange(1, len(content))
    return content[:end], f'cut at byte {end} of {len(content)}'


def shortened(content: bytes, own: random.Random) -> tuple[bytes, str]:
    """A few bytes of the end are lacking."""
    end = max(len(content) - own.randrange(1, 20), 1)
    return content[:end], f'cut at byte {end} of {len(content)}'


def empty(content: bytes, own: random.Random) -> tuple[bytes, str]:
    """Nothing is left."""
    return b'', 'zero bytes'


def zeroed(content: bytes, own: random.Random) -> tuple[bytes, str]:
    """A block of zeros, as of a sector that was never written."""
    start = own.randrange(len(content))
    length = own.randrange(1, len(content) // 4 + 2)
    middle = bytes(min(length, len(content) - start))
    return content[:start] + middle + content[start + length :], (
        f'{length} zeros from byte {start}'
    )


def noise(content: bytes, own: random.Random) -> tuple[bytes, str]:
    """A block of other bytes."""
    start = own.randrange(len(content))
    middle = own.randbytes(min(64, len(content) - start))
    return content[:start] + middle + content[start + len(middle) :], (
        f'{len(middle)} bytes of noise from byte {start}'
    )


def dropped(content: bytes, own: random.Random) -> tuple[bytes, str]:
    """A piece of the middle is lacking."""
    start = own.randrange(len(content))
    length = own.randrange(1, 200)
    return content[:start] + content[start + length :], (
        f'{length} bytes lost from byte {start}'
    )


def foreign(content: bytes, own: random.Random) -> tuple[bytes, str]:
    """Something else under the name of the file."""
    other = own.choice([PAGE, PICTURE, b'\x00' * 512, b'version 1\noid sha256:0\n'])
    return other, f'another file, {other[:12]!r}'


DAMAGES: tuple[Callable[[bytes, random.Random], tuple[bytes, str]], ...] = (
    flip, cut, noise, flip, zeroed, dropped, shortened, flip, foreign, cut, empty,
)  # fmt: skip
