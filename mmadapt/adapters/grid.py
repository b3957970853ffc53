"""Where the tokens of a ViT are: what a convolution over them needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

from torch import Tensor

from ..errors import DataError

__all__ = ['TokenGrid']


@dataclass(frozen=True)
class TokenGrid:
    """Layout of the tokens ``(B, N, C)`` of a trunk.

    Attributes:
        extra: Tokens in front that have no place (class token, distillation token).
        frames: Positions in time; 1 for images.
        height: Rows of patches at the trunk's own input size.
        width: Columns of patches at that size.
    """

    extra: int
    frames: int
    height: int
    width: int

    def size(self, tokens: int) -> tuple[int, int]:
        """Rows and columns when a sample has ``tokens`` tokens.

        At another input size than the trunk's own the grid must be a square: the
        number of tokens says no more.

        Raises:
            DataError: It is neither.
        """
        patches, rest = divmod(tokens - self.extra, self.frames)
        if rest == 0 and patches == self.height * self.width:
            return self.height, self.width
        side = isqrt(max(patches, 0))
        if rest or side < 1 or side * side != patches:
            raise DataError(
                f'{tokens} tokens are no grid of {self.frames} x {self.height} x '
                f'{self.width} patches behind {self.extra} extra ones, and no square '
                'one either: give the trunk an input of its own size, or a square one.'
            )
        return side, side

    def to_maps(self, patches: Tensor) -> Tensor:
        """Tokens ``(B, T*H*W, C)`` as maps ``(B*T, C, H, W)``."""
        batch, tokens, channels = patches.shape
        height, width = self.size(tokens + self.extra)
        maps = patches.reshape(batch * self.frames, height, width, channels)
        return maps.permute(0, 3, 1, 2)

    def to_tokens(self, maps: Tensor) -> Tensor:
        """Maps ``(B*T, C, H, W)`` as tokens ``(B, T*H*W, C)``."""
        channels = maps.shape[1]
        batch = maps.shape[0] // self.frames
        return maps.permute(0, 2, 3, 1).reshape(batch, -1, channels)
