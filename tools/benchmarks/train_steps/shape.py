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

    Of an image the class token alone is read, so that the last block needs keys and
    values of all tokens, and the rest of that one; of a clip the mean of tokens, for
    which the last MLP's second layer is needed once.

    Args:
        shape: What is run.
        blocks: From the lowest adapter to the top, an adapter in each; 0 without.
        bottleneck: Of the adapters.
        attention: :data:`FLASH` or :data:`STORED`.
        full: Whether the trunk trains.
    """
    width, count = shape.width, shape.tokens
    patch = 2 * 3 * 256 * (2 if shape.frames else 1) * width * count
    rows = count if shape.frames else 1
    products = [24 * width**2 * count] * (shape.depth - 1)
    if shape.frames:
        products.append(16 * width**2 * count + 8 * width**2)
    else:
        products.append(4 * width**2 * count + 20 * width**2)
    pairs = [count**2 * width] * (shape.depth - 1) + [rows * count * width]
    adapters = [2 * width * bottleneck * count] * (shape.depth - 1)
    adapters.append(2 * width * bottleneck * rows)
    total = patch + sum(products) + 4 * sum(pairs)
    if full:
        total += 2 * sum(products) + attention * sum(pairs)
    if blocks:
        lowest = shape.depth - blocks  # below its adapter nothing is differentiated
        total += sum(products[lowest + 1 :]) + attention * sum(pairs[lowest + 1 :])
        total += 6 * sum(adapters[lowest:]) - adapters[lowest]
    return float(total * shape.batch)
