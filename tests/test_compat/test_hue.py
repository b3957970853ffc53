"""Hue jitter below zero, against the circle of hues computed by colorsys."""

import colorsys
import sys

import mmcv
import numpy as np
import pytest
from mmaction.datasets.transforms.processing import ColorJitter as ClipJitter
from mmcv.image import photometric
from mmpretrain.datasets.transforms import ColorJitter as ImageJitter

import mmadapt  # noqa: F401
from mmadapt.compat import hue

FAULTY = hue.has_fault()


@pytest.fixture
def image():
    """Saturated colours, BGR: rounding moves the hue of grey ones a lot."""
    generator = np.random.default_rng(0)
    image = generator.integers(0, 90, (16, 16, 3), np.uint8)
    image[..., 0] = generator.integers(180, 256, (16, 16))
    return image


def turned(rgb, share):
    """RGB colours with their hue moved by ``share`` of the circle."""
    colours = (rgb.reshape(-1, 3) / 255).tolist()
    moved = []
    for red, green, blue in colours:
        angle, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
        moved.append(colorsys.hsv_to_rgb((angle + share) % 1, saturation, value))
    return np.array(moved).reshape(rgb.shape) * 255


def test_unpatched_function_of_mmcv_fails_below_zero(image):
    upstream = getattr(photometric.adjust_hue, 'upstream', photometric.adjust_hue)
    if FAULTY:
        with pytest.raises(OverflowError, match='out of bounds for uint8'):
            upstream(image, -0.1)
    else:
        assert photometric.adjust_hue is upstream
        upstream(image, -0.1)


def test_arithmetic_of_mmaction_fails_below_zero():
    hues = np.zeros(3, np.uint8)
    if FAULTY:
        with pytest.raises(OverflowError, match='out of bounds for uint8'):
            (hues + int(-0.1 * 255)) % 180
    else:
        assert ClipJitter.adjust_hue is not hue.adjust_hue_of_clip


@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
@pytest.mark.parametrize('factor', [-0.5, -0.3, -0.1, -0.02])
def test_image_turns_down_as_far_as_asked(image, factor, backend):
    result = mmcv.adjust_hue(image, factor, backend)
    expected = turned(image[..., ::-1], int(factor * 255) / 256)[..., ::-1]
    assert result.dtype == np.uint8
    # Two roundings to 8 bits, of the hue and of the colour.
    assert np.abs(result - expected).mean() < 2.5
    assert np.abs(result - expected).max() < 12


@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
def test_image_turns_up_as_upstream_does(image, backend):
    upstream = getattr(photometric.adjust_hue, 'upstream', photometric.adjust_hue)
    for factor in (0.0, 0.004, 0.25, 0.5):
        mine = mmcv.adjust_hue(image, factor, backend)
        np.testing.assert_array_equal(mine, upstream(image, factor, backend))


def test_no_backend_means_what_it_means_upstream(image, monkeypatch):
    expected = mmcv.adjust_hue(image, -0.2, 'pillow')
    assert (expected != mmcv.adjust_hue(image, -0.2)).any()
    monkeypatch.setattr(photometric, 'imread_backend', 'pillow')
    np.testing.assert_array_equal(mmcv.adjust_hue(image, -0.2), expected)


@pytest.mark.parametrize('factor', [-0.6, 0.6])
def test_image_refuses_what_mmcv_refuses(image, factor):
    with pytest.raises(ValueError, match='hue_factor'):
        mmcv.adjust_hue(image, factor)
    with pytest.raises(ValueError, match='backend'):
        mmcv.adjust_hue(image, -0.1, 'other')
    with pytest.raises(TypeError, match='ndarray'):
        mmcv.adjust_hue(image.tolist(), -0.1)


def test_every_namespace_of_mmcv_has_the_same_function():
    assert mmcv.adjust_hue is mmcv.image.adjust_hue is photometric.adjust_hue


@pytest.mark.parametrize('factor', [-0.5, -0.1, -0.02, 0.0, 0.1, 0.5])
def test_frame_turns_as_far_as_asked(image, factor):
    frame = image[..., ::-1].astype(np.float32)
    result = ClipJitter.adjust_hue(frame, factor)
    # OpenCV's circle has 180 steps; MMAction2 multiplies by 255 all the same.
    expected = turned(frame, int(factor * 255) / 180)
    assert result.dtype == np.float32
    assert np.abs(result - expected).mean() < 2.5


def test_jitter_of_both_libraries_never_fails(image):
    still = ImageJitter(hue=0.4)
    clip = ClipJitter(hue=0.4)
    for seed in range(20):
        np.random.seed(seed)
        assert still({'img': image.copy()})['img'].shape == image.shape
        frames = [image.copy(), image.copy()]
        moved = clip({'imgs': frames, 'clip_len': 2, 'num_clips': 1})
        assert moved['imgs'][0].shape == image.shape


def test_inert_where_numpy_takes_negative_numbers(monkeypatch):
    monkeypatch.setattr(hue, 'has_fault', lambda: False)
    before = list(sys.meta_path)
    assert hue.mend_hue() is False
    assert sys.meta_path == before


def test_mending_again_changes_nothing():
    before = photometric.adjust_hue, ClipJitter.adjust_hue, list(sys.meta_path)
    hue.mend_hue()
    assert before == (
        photometric.adjust_hue,
        ClipJitter.adjust_hue,
        list(sys.meta_path),
    )
