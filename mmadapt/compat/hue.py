"""Hue jitter with a negative shift, which numpy 2 refuses to put into a uint8."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .imports import after_import

__all__ = ['adjust_hue_of_clip', 'has_fault', 'mend_hue', 'with_negative_shifts']

AdjustHue: TypeAlias = Callable[..., NDArray[Any]]


def has_fault() -> bool:
    """Whether this numpy refuses a negative number for a uint8."""
    try:
        np.uint8(-1)
    except OverflowError:
        return True
    return False


def mend_hue() -> bool:
    """Mend the ColorJitter of both libraries, as soon as somebody imports it.

    Returns:
        Whether this numpy has the fault.
    """
    if not has_fault():
        return False
    after_import('mmcv.image.photometric', mend_mmcv)
    after_import('mmaction.datasets.transforms.processing', mend_mmaction)
    return True


def mend_mmcv(photometric: ModuleType) -> None:
    """Exchange the ``adjust_hue`` that MMPretrain's ColorJitter calls."""
    import mmcv

    upstream: AdjustHue = photometric.adjust_hue
    if hasattr(upstream, 'upstream'):
        return
    mended = with_negative_shifts(upstream, photometric)
    # The packages above took the name over when they had been imported before.
    for namespace in (photometric, getattr(mmcv, 'image', None), mmcv):
        if getattr(namespace, 'adjust_hue', None) is upstream:
            namespace.adjust_hue = mended  # type: ignore[union-attr]


def mend_mmaction(processing: ModuleType) -> None:
    """Exchange ``adjust_hue`` of MMAction2's ColorJitter."""
    processing.ColorJitter.adjust_hue = staticmethod(adjust_hue_of_clip)


def with_negative_shifts(upstream: AdjustHue, photometric: ModuleType) -> AdjustHue:
    """The ``adjust_hue`` of mmcv, with shifts below zero done here.

    Args:
        upstream: mmcv's function, which does all other shifts and refuses bad input.
        photometric: Its module, which holds the backend that ``None`` stands for.
    """

    def adjust_hue(
        img: NDArray[Any], hue_factor: float, backend: str | None = None
    ) -> NDArray[Any]:
        """Turn the hue of a BGR image ``(H, W, 3)`` by a share of the full circle."""
        steps = int(hue_factor * 255)
        if steps >= 0 or hue_factor < -0.5:
            return upstream(img, hue_factor, backend)
        upstream(img, 0.0, backend)  # refuses what mmcv refuses
        # The circle has 256 steps: down is up by what is left of it.
        turn = np.uint8(steps % 256)
        if (backend or photometric.imread_backend) == 'pillow':
            hsv = np.array(Image.fromarray(img[..., ::-1]).convert('HSV'))
            hsv[..., 0] += turn
            size = (hsv.shape[1], hsv.shape[0])
            turned = Image.frombytes('HSV', size, hsv.tobytes())
            return np.array(turned.convert('RGB'))[..., ::-1]
        hsv = cv2.cvtColor(img.astype(np.uint8), cv2.COLOR_BGR2HSV_FULL)
        hsv[..., 0] += turn
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL).astype(img.dtype)

    adjust_hue.upstream = upstream  # type: ignore[attr-defined]
    return adjust_hue


def adjust_hue_of_clip(img: NDArray[Any], factor: float) -> NDArray[np.float32]:
    """Turn the hue of one frame, as MMAction2 does, on OpenCV's circle of 180 steps.

    Args:
        img: RGB frame ``(H, W, 3)`` of values from 0 to 255.
        factor: From -0.5 to 0.5.
    """
    frame = np.clip(img, 0, 255).astype(np.uint8)
    hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV)
    turned = (hsv[..., 0].astype(np.int16) + int(factor * 255)) % 180
    hsv[..., 0] = turned.astype(np.uint8)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)
