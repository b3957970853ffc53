"""Crops and sizes of frames, against the rules of the official code."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from numpy.typing import NDArray
from PIL import Image

from mmadapt.errors import ConfigError


def clip(height: int, width: int, count: int = 2) -> list[NDArray[np.uint8]]:
    """Noise, so that two crops are never alike."""
    generator = np.random.default_rng(0)
    shape = (count, height, width, 3)
    return list(generator.integers(0, 256, shape, dtype=np.uint8))


def apply(frames: list[NDArray[np.uint8]], **config: object) -> dict[str, object]:
    return TRANSFORMS.build(config)({'imgs': frames})


def draws(width: int, height: int, size: int) -> set[tuple[int, int, int, int]]:
    random.seed(0)
    crop = TRANSFORMS.build({'type': 'MultiScaleResizedCrop', 'size': size})
    return {crop.draw(width, height) for _ in range(6000)}


def test_crops_are_ten_shapes_at_thirteen_places() -> None:
    drawn = draws(320, 240, 224)
    sides = [240, 210, 180, 158]  # 0.66 * 240 = 158.4
    pairs = {(w, h) for i, w in enumerate(sides) for h in sides[max(i - 1, 0) : i + 2]}
    assert {box[2:] for box in drawn} == pairs
    places = {box[:2] for box in drawn if box[2:] == (180, 180)}
    fifths_x, fifths_y = range(0, 141, 35), range(0, 61, 15)  # 140 // 4, 60 // 4
    expected = {(x, y) for x in fifths_x[::2] for y in fifths_y[::2]}
    expected |= {(x, y) for x in fifths_x[1::2] for y in fifths_y[1::2]}
    assert len(expected) == 13
    assert places == expected


def test_a_side_within_two_pixels_is_taken_as_the_result() -> None:
    assert max(box[2] for box in draws(400, 226, 224)) == 224


@pytest.mark.parametrize('height', [222, 223])
def test_a_side_is_never_longer_than_the_frame(height: int) -> None:
    for left, top, width, tall in draws(320, height, 224):
        assert left >= 0 and left + width <= 320
        assert top >= 0 and top + tall <= height


def test_all_frames_are_cropped_alike_and_resized_by_pillow() -> None:
    frames = clip(60, 80)
    random.seed(1)
    box = TRANSFORMS.build({'type': 'MultiScaleResizedCrop', 'size': 32}).draw(80, 60)
    random.seed(1)
    results = apply(frames, type='MultiScaleResizedCrop', size=32)
    left, top, width, height = box
    for frame, cropped in zip(frames, results['imgs'], strict=True):
        part = Image.fromarray(frame[top : top + height, left : left + width])
        expected = np.asarray(part.resize((32, 32), Image.Resampling.BILINEAR))
        np.testing.assert_array_equal(cropped, expected)
    assert results['img_shape'] == (32, 32)


@pytest.mark.parametrize('seed', range(6))
def test_torch_resizes_as_pillow_does_but_for_a_level(seed: int) -> None:
    waves = np.sin(np.arange(90 * 120 * 3).reshape(90, 120, 3) / 37)
    frames = [np.uint8(127 + 120 * waves), np.uint8(127 - 90 * waves)]
    results = {}
    for backend in ('pillow', 'torch'):
        random.seed(seed)
        cropped = apply(frames, type='MultiScaleResizedCrop', size=64, backend=backend)
        results[backend] = np.stack(cropped['imgs']).astype(int)
    difference = np.abs(results['pillow'] - results['torch'])
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.05
    with pytest.raises(ConfigError, match="Did you mean 'torch'"):
        apply(frames, type='MultiScaleResizedCrop', backend='touch')


@pytest.mark.parametrize(
    ('shape', 'expected'), [((180, 320), (224, 398)), ((320, 180), (398, 224))]
)
def test_the_short_side_is_resized_and_the_long_one_rounded_down(
    shape: tuple[int, int], expected: tuple[int, int]
) -> None:
    frames = clip(*shape, count=1)
    results = apply(frames, type='ResizeShortSide', size=224)
    assert results['imgs'][0].shape[:2] == results['img_shape'] == expected
    reference = cv2.resize(frames[0], expected[::-1], interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(results['imgs'][0], reference)


def test_a_frame_of_the_right_size_is_left_alone() -> None:
    frames = clip(224, 300, count=1)
    assert apply(frames, type='ResizeShortSide')['imgs'][0] is frames[0]


@pytest.mark.parametrize('tall', [False, True])
def test_three_squares_from_end_to_end(tall: bool) -> None:
    frames = clip(47, 20) if tall else clip(20, 47)
    results = apply(frames, type='SquareViews', num_views=3)
    expected = []
    for view in range(3):
        start = int(view * (47 - 20) / 2)  # 0, 13, 27: the last one ends at the edge
        part = slice(start, start + 20)
        expected += [frame[part] if tall else frame[:, part] for frame in frames]
    assert len(results['imgs']) == 6
    for square, reference in zip(results['imgs'], expected, strict=True):
        np.testing.assert_array_equal(square, reference)


def test_one_square_is_the_middle() -> None:
    frames = clip(20, 50, count=1)
    results = apply(frames, type='SquareViews', num_views=1)
    np.testing.assert_array_equal(results['imgs'][0], frames[0][:, 15:35])


def test_no_view_is_refused() -> None:
    with pytest.raises(ConfigError, match='num_views=0'):
        TRANSFORMS.build({'type': 'SquareViews', 'num_views': 0})
