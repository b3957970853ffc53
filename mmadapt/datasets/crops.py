"""The random crop of the paper's image recipe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS
from numpy.typing import NDArray
from PIL import Image

from ..errors import ConfigError

__all__ = ['SingleTryResizedCrop', 'draw_crop']


@TRANSFORMS.register_module()
class SingleTryResizedCrop(BaseTransform):
    """Random resized crop that draws once and cuts what sticks out.

    The usual transform draws again, up to ten times, when a crop doesn't fit, and
    falls back to the centre; that of BYOL and MAE, which AdaptFormer's code uses,
    clips the crop's sides to the image. Wide and tall photos differ.

    Args:
        scale: Side of the square that comes out, in pixels.
        area_range: Smallest and largest share of the image's area.
        ratio_range: Smallest and largest width by height.

    Raises:
        ConfigError: A range that isn't one.
    """

    def __init__(
        self,
        scale: int = 224,
        area_range: Sequence[float] = (0.08, 1.0),
        ratio_range: Sequence[float] = (3 / 4, 4 / 3),
    ) -> None:
        for name, (low, high) in (('area', area_range), ('ratio', ratio_range)):
            if not 0 < low <= high:
                raise ConfigError(
                    f'{name}_range=({low}, {high}): two positive numbers, the smaller '
                    'first.'
                )
        self.scale = scale
        self.area_range = tuple(area_range)
        self.ratio_range = tuple(ratio_range)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Crop ``img`` ``(H, W, 3)`` and resize it, bicubic, to a square."""
        image = results['img']
        left, top, width, height = draw_crop(
            image.shape[1], image.shape[0], self.area_range, self.ratio_range
        )
        results['img'] = resized(
            image[top : top + height, left : left + width], self.scale
        )
        results['img_shape'] = (self.scale, self.scale)
        return results


def draw_crop(
    width: int, height: int, area_range: Sequence[float], ratio_range: Sequence[float]
) -> tuple[int, int, int, int]:
    """A crop of random area and shape: left, top, width and height, in pixels.

    The area is uniform in its range, the logarithm of the ratio in its own.

    Args:
        width: The image's.
        height: The image's.
        area_range: Share of the image's area.
        ratio_range: Width by height.
    """
    area = width * height * np.random.uniform(area_range[0], area_range[1])
    ratio = math.exp(
        np.random.uniform(math.log(ratio_range[0]), math.log(ratio_range[1]))
    )
    crop_width = max(min(round(math.sqrt(area * ratio)), width), 1)
    crop_height = max(min(round(math.sqrt(area / ratio)), height), 1)
    left = np.random.randint(0, width - crop_width + 1)
    top = np.random.randint(0, height - crop_height + 1)
    return int(left), int(top), crop_width, crop_height


def resized(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """An image as a square of ``side`` pixels, bicubic with antialiasing."""
    square = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(square)
