"""Reading a clip's frames where they were kept, in place of its decoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from ..errors import DataError
from .frame_format import ENDINGS, decode_jpeg

__all__ = ['StoredClip', 'check_file']

AGAIN = 'Call tools/data/frame_store.py again, which makes the store whole.'


class StoredClip:
    """A clip whose frames were kept; reads as a decoder does.

    Args:
        file: Where, see :func:`mmadapt.datasets.frame_pack.pack_clip`.
        frames: How many there are.
        size: Bytes of the file.

    Raises:
        DataError: The file is missing, or has another size.
    """

    def __init__(self, file: str, frames: int, size: int) -> None:
        self.file, self.frames = Path(file), frames
        check_file(self.file, size)

    def __len__(self) -> int:
        return self.frames

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Frames ``(H, W, 3)``, RGB, uint8, in the order asked for.

        Raises:
            DataError: The file holds something else, or is damaged.
        """
        read = self.map if self.file.suffix == ENDINGS['raw'] else self.decode
        try:
            return read(indices)
        except (OSError, ValueError, IndexError, cv2.error) as error:
            raise DataError(
                f'frames {str(self.file)!r} can not be read: {error}. Remove the file. '
                f'{AGAIN}'
            ) from error

    def map(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Parts of the array, which come from disk when they are used.

        What a transform writes into them stays in memory.
        """
        kept = np.load(self.file, mmap_mode='c')
        return [np.asarray(kept[index]) for index in indices]

    def decode(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Only the JPEGs that are asked for."""
        frames = []
        with self.file.open('rb') as file:
            places = np.load(file)
            for index in indices:
                start, end = places[index], places[index + 1]
                file.seek(start)
                frames.append(decode_jpeg(file.read(end - start)))
        return frames


def check_file(file: Path, size: int) -> None:
    """Refuse a file of a store that isn't whole.

    Raises:
        DataError: It is missing, or has another number of bytes.
    """
    found = file.stat().st_size if file.is_file() else None
    if found != size:
        state = 'is missing' if found is None else f'has {found:,} bytes'
        raise DataError(
            f'frames {str(file)!r}: the file {state}, {size:,} bytes were written. '
            f'{AGAIN}'
        )
