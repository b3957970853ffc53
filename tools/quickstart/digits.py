"""The handwritten digits of scikit-learn, split once, and drawn with any pose.

The 1797 scans of 8 x 8 pixels are the test part of the UCI "Optical Recognition
of Handwritten Digits" data, which scikit-learn carries in its package
(:func:`sklearn.datasets.load_digits`), so nothing is downloaded.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

PRETRAIN_DIGITS = 900
"""Scans below this index are for pre-training alone, the others for the target."""

TRAIN_PER_DIGIT = 30
"""Target scans of every digit that the target's training set may use."""

SIZE = 32
"""Side of every image and frame in pixels; decord reads 32 without trouble."""


@dataclass(frozen=True)
class Scans:
    """Some of the scans.

    Args:
        index: Position in ``load_digits``, ``(N,)``.
        ink: How much ink, in [0, 1], ``(N, 1, 8, 8)``.
        label: The digit, ``(N,)``.
    """

    index: Tensor
    ink: Tensor
    label: Tensor

    def __len__(self) -> int:
        return len(self.index)

    def take(self, rows: Tensor) -> 'Scans':
        """The scans at ``rows``, repeated where a row is."""
        return Scans(self.index[rows], self.ink[rows], self.label[rows])

    def draw(self, count: int, generator: torch.Generator) -> 'Scans':
        """``count`` scans at random, with repetition."""
        return self.take(torch.randint(len(self), (count,), generator=generator))


@dataclass(frozen=True)
class Split:
    """Three sets that share no scan."""

    pretrain: Scans
    train: Scans
    val: Scans


def split_digits() -> Split:
    """Splits the scans: pre-training, target training, target validation."""
    from sklearn.datasets import load_digits

    data = load_digits()
    scans = Scans(
        index=torch.arange(len(data.target)),
        ink=torch.from_numpy(data.images).float().unsqueeze(1) / 16,
        label=torch.from_numpy(data.target).long(),
    )
    target = scans.index >= PRETRAIN_DIGITS
    train = torch.zeros_like(target)
    for digit in range(10):
        of_digit = torch.nonzero(target & (scans.label == digit)).flatten()
        train[of_digit[:TRAIN_PER_DIGIT]] = True
    return Split(
        pretrain=scans.take(torch.nonzero(~target).flatten()),
        train=scans.take(torch.nonzero(train).flatten()),
        val=scans.take(torch.nonzero(target & ~train).flatten()),
    )


def uniform(
    low: float, high: float, shape: tuple[int, ...], generator: torch.Generator
) -> Tensor:
    """Uniform numbers in [low, high)."""
    return low + (high - low) * torch.rand(shape, generator=generator)


def draw_mask(
    ink: Tensor,
    scale: Tensor,
    angle: Tensor,
    shift: Tensor,
    shear: Tensor | None = None,
) -> Tensor:
    """Draws scans on a square of :data:`SIZE` pixels.

    Args:
        ink: ``(N, 1, 8, 8)``.
        scale: Pixels drawn for one pixel of the scan, ``(N,)``.
        angle: Turn in radians, clockwise as seen on the screen, ``(N,)``.
        shift: Of the centre, right and down, in pixels, ``(N, 2)``.
        shear: Horizontal shear, ``(N,)``; None for none.

    Returns:
        How much ink covers each pixel, in [0, 1], ``(N, 1, SIZE, SIZE)``.
    """
    side = ink.shape[-1]
    fine = F.interpolate(ink, scale_factor=4, mode='bicubic', align_corners=False)
    cos, sin = angle.cos(), angle.sin()
    slant = torch.zeros_like(angle) if shear is None else shear
    # grid_sample wants, for each drawn pixel, where in the scan it comes from:
    # the inverse of shear, then turn, then scale, then shift.
    turn_back = torch.stack(
        [torch.stack([cos, sin], -1), torch.stack([-sin, cos], -1)], -2
    )
    one, zero = torch.ones_like(slant), torch.zeros_like(slant)
    shear_back = torch.stack(
        [torch.stack([one, -slant], -1), torch.stack([zero, one], -1)], -2
    )
    linear = shear_back @ turn_back / scale[:, None, None]  # (N, 2, 2), scan per drawn
    offset = -(linear @ shift[:, :, None])  # (N, 2, 1), in pixels of the scan
    theta = torch.cat([linear * (SIZE / side), offset * (2 / side)], dim=2)
    grid = F.affine_grid(theta, [len(ink), 1, SIZE, SIZE], align_corners=False)
    mask = F.grid_sample(fine, grid, mode='bilinear', align_corners=False)
    return mask.clamp(0, 1)


def uneven(shape: tuple[int, int], cells: int, generator: torch.Generator) -> Tensor:
    """A smooth random field in about [-1, 1].

    Args:
        shape: How many fields and how many channels.
        cells: Random values along one side.
        generator: Where the randomness comes from.

    Returns:
        ``(N, C, SIZE, SIZE)``.
    """
    coarse = uniform(-1, 1, (*shape, cells, cells), generator)
    return F.interpolate(coarse, size=(SIZE, SIZE), mode='bicubic', align_corners=False)


def paint(mask: Tensor, ink: Tensor, ground: Tensor) -> Tensor:
    """Lays ink of one colour over a ground.

    Args:
        mask: ``(..., 1, H, W)`` in [0, 1].
        ink: Colour, ``(..., 3, 1, 1)`` in [0, 1].
        ground: ``(..., 3, H, W)`` or what broadcasts to it.

    Returns:
        ``(..., 3, H, W)``, RGB, not clipped.
    """
    return ground + mask * (ink - ground)
