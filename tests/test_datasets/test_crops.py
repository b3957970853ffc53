"""The single-try crop, against its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS
from PIL import Image

from mmadapt.datasets.crops import draw_crop
from mmadapt.errors import ConfigError

RANGES = ((0.08, 1.0), (3 / 4, 4 / 3))


def test_crops_lie_in_the_image_and_fill_their_ranges() -> None:
    np.random.seed(0)
    drawn = np.array([draw_crop(320, 240, *RANGES) for _ in range(3000)])
    left, top, width, height = drawn.T
    assert (left >= 0).all() and (top >= 0).all()
    assert (left + width <= 320).all() and (top + height <= 240).all()
    whole = (width < 320) & (height < 240)  # the others were clipped
    area = (width * height / (320 * 240))[whole]
    assert 0.07 < area.min() < 0.1
    ratio = np.log(width / height)[whole]
    assert abs(ratio.min() + math.log(4 / 3)) < 0.03
    assert abs(ratio.max() - math.log(4 / 3)) < 0.03


def test_a_crop_that_sticks_out_is_clipped_and_not_drawn_again() -> None:
    """On a very wide image every large crop is clipped to its height."""
    np.random.seed(0)
    drawn = np.array([draw_crop(1000, 50, (1.0, 1.0), (1.0, 1.0)) for _ in range(50)])
    side = round(math.sqrt(1000 * 50))
    assert (drawn[:, 2] == side).all()
    assert (drawn[:, 3] == 50).all()


def test_the_crop_is_resized_bicubic() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    crop = TRANSFORMS.build(
        {'type': 'SingleTryResizedCrop', 'scale': 16, 'area_range': (0.2, 0.6)}
    )
    np.random.seed(3)
    left, top, width, height = draw_crop(60, 40, (0.2, 0.6), RANGES[1])
    np.random.seed(3)
    result = crop({'img': image})
    part = Image.fromarray(image[top : top + height, left : left + width])
    expected = np.asarray(part.resize((16, 16), Image.Resampling.BICUBIC))
    assert np.array_equal(result['img'], expected)
    assert result['img_shape'] == (16, 16)


def test_a_range_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match='the smaller first'):
        TRANSFORMS.build({'type': 'SingleTryResizedCrop', 'area_range': (1.0, 0.1)})
