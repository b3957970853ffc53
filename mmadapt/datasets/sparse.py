"""A few frames of a clip, by decoding no more of it than they need."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from ..errors import DataError
from .packets import Packets

__all__ = ['SparsePyAV', 'runs']


class SparsePyAV:
    """PyAV: decodes from the key frame in front of a frame on, and what it refers to.

    As x264 encodes, every second picture or so is one that no other refers to. Those
    that aren't asked for are left out, as are groups of pictures of which none is. What
    is decoded comes out as if all were, bit by bit.

    Args:
        path: The file.

    Raises:
        LeftToOthersError: It is of a kind for which that isn't known, or too large.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.packets = Packets(path)

    def __len__(self) -> int:
        return len(self.packets.shown)

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Frames by index, in the order in which they are shown."""
        if self.packets.container is None:  # read before, and closed
            self.packets = Packets(self.path)
        packets = self.packets
        try:
            for index in indices:
                if not 0 <= index < len(self):
                    raise DataError(f'frame {index} is not there')
            places = [packets.shown[index] for index in indices]
            found: dict[int, np.ndarray] = {}
            for start, wanted in runs(
                packets.times, packets.starts, set(places)
            ).items():
                found.update(packets.decode(start, wanted))
            return [found[place] for place in places]
        finally:
            packets.close()


def runs(
    times: Sequence[int], starts: Sequence[bool], wanted: Collection[int]
) -> dict[int, list[int]]:
    """Where to start decoding for which pictures.

    A picture that is shown before a key frame may be stored behind it, and refer to
    what is in front of it: it belongs to the key frame before.

    Args:
        times: When each is shown, in the order in which they are stored.
        starts: Where decoding can start. At the first one it can, and none is shown
            before it.
        wanted: Places in that order.

    Returns:
        Where to start, and places of pictures to be decoded from there on, in order.
    """
    found: dict[int, list[int]] = {}
    for place in sorted(wanted):
        start = place
        while not starts[start] or times[start] > times[place]:
            start -= 1
        found.setdefault(start, []).append(place)
    return found
