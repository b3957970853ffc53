"""The image task: dark ink on light paper, after light ink on a dark ground.

The trunk learns digits that glow on a dark ground; the target has other scans of
the ten digits in dark ink on light, uneven paper.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import torch
from digits import Scans, Split, draw_mask, paint, uneven, uniform
from torch import Tensor

VAL_DRAWINGS = 2
"""How often each validation scan is drawn, each time with another pose and paper."""


def _masks(scans: Scans, generator: torch.Generator) -> Tensor:
    """Masks with random pose, ``(N, 1, SIZE, SIZE)``."""
    count = len(scans)
    return draw_mask(
        scans.ink,
        scale=uniform(2.2, 3.4, (count,), generator),
        angle=uniform(-0.25, 0.25, (count,), generator),
        shift=uniform(-2.5, 2.5, (count, 2), generator),
        shear=uniform(-0.15, 0.15, (count,), generator),
    )


def _noise(images: Tensor, generator: torch.Generator) -> Tensor:
    return images + 0.03 * torch.randn(images.shape, generator=generator)


def draw_light_on_dark(scans: Scans, generator: torch.Generator) -> Tensor:
    """The images of pre-training.

    Returns:
        RGB in [0, 1], ``(N, 3, SIZE, SIZE)``.
    """
    count = len(scans)
    ground = uniform(0.02, 0.25, (count, 3, 1, 1), generator)
    ground = ground + 0.10 * uneven((count, 3), 3, generator)
    ink = uniform(0.65, 1.0, (count, 3, 1, 1), generator)
    images = paint(_masks(scans, generator), ink, ground)
    return _noise(images, generator).clamp(0, 1)


def draw_ink_on_paper(scans: Scans, generator: torch.Generator) -> Tensor:
    """The images of the target task.

    Returns:
        RGB in [0, 1], ``(N, 3, SIZE, SIZE)``.
    """
    count = len(scans)
    ground = uniform(0.70, 0.98, (count, 3, 1, 1), generator)
    ground = ground + 0.10 * uneven((count, 3), 3, generator)
    ink = uniform(0.0, 0.40, (count, 3, 1, 1), generator)
    images = paint(_masks(scans, generator), ink, ground)
    return _noise(images, generator).clamp(0, 1)


def pretrain_batches(
    scans: Scans, steps: int, batch: int, seed: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yields ``steps`` batches of images ``(B, 3, SIZE, SIZE)`` and their digits."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        drawn = scans.draw(batch, generator)
        yield draw_light_on_dark(drawn, generator), drawn.label


def to_uint8(images: Tensor) -> Tensor:
    """[0, 1] with channels before the last two axes -> uint8 with channels last."""
    return (images * 255).round().to(torch.uint8).movedim(-3, -1).contiguous()


def write_image_folder(root: Path, split: Split, seed: int = 1) -> None:
    """Writes ``root/{train,val}/{digit}/{scan}_{drawing}.png``.

    Args:
        root: Where to write; made when missing.
        split: The scans; only its target parts are used.
        seed: Of poses, papers and inks.
    """
    generator = torch.Generator().manual_seed(seed)
    for part, scans, drawings in (
        ('train', split.train, 1),
        ('val', split.val, VAL_DRAWINGS),
    ):
        for digit in range(10):
            (root / part / str(digit)).mkdir(parents=True, exist_ok=True)
        for drawing in range(drawings):
            images = to_uint8(draw_ink_on_paper(scans, generator)).numpy()
            for index, digit, image in zip(
                scans.index.tolist(), scans.label.tolist(), images, strict=True
            ):
                path = root / part / str(digit) / f'{index:04d}_{drawing}.png'
                cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
