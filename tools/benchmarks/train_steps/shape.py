"""What is run, and how many operations that has to take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """A ViT-B and one sample of its input.

    Attributes:
        frames: Of a clip, 0 for an image.
        batch: Samples a step.
    """

    frames: int
    batch: int
    width: int = 768
    depth: int = 12
    heads: int = 12

    @property
    def tokens(self) -> int:
        """Of one sample."""
        return self.frames // 2 * 196 if self.frames else 197


SAMPLES = {
    'image': Shape(0, 2),
    'video': Shape(8, 1),
    'long-video': Shape(16, 1),
}

FLASH, STORED = 10, 8
"""Products of attention's backward pass by N D, the forward pass being 4: with the
probabilities computed again, and with them kept."""


def fewest(
    shape: Shape, blocks: int, bottleneck: int, attention: int, full: bool
) -> float:
    """The fewest operations of a step, nothing computed twice, of a batch.

    Args:
        shape: What is run.
        blocks: From the lowest adapter to the top, an adapter in each; 0 without.
        bottleneck: Of the adapters.
        attention: :data:`FLASH` or :data:`STORED`.
        full: Whether the trunk trains.
    """
    width, count = shape.width, shape.tokens
    products = 24 * width**2
    patch = 3 * 256 * (2 if shape.frames else 1)
    total = shape.depth * (products + 4 * count * width) + 2 * patch * width
    if full:
        total += shape.depth * (2 * products + attention * count * width)
    if blocks:
        total += (blocks - 1) * (products + attention * count * width)
        total += blocks * 12 * width * bottleneck - 2 * width * bottleneck
    return float(total * count * shape.batch)
