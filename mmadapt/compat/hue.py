"""Hue jitter with a negative shift, which numpy 2 refuses to put into a uint8."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = [
    'adjust_hue',
    'adjust_hue_of_clip',
    'has_fault',
    'mend_hue_when_imported',
    'mend_mmaction_hue',
    'mend_mmcv_hue',
]

CLIP_TRANSFORMS = 'mmaction.datasets.transforms.processing'


def has_fault() -> bool:
    """Whether numpy refuses a negative number for a uint8."""
    try:
        np.zeros(1, np.uint8) + (-1)
    except OverflowError:
        return True
    return False


def mend_hue_when_imported() -> bool:
    """Mend mmcv now, and MMAction2 once somebody imports its transforms.

    Returns:
        Whether this numpy has the fault.
    """
    if not has_fault():
        return False
    mend_mmcv_hue()
    if CLIP_TRANSFORMS in sys.modules:
        mend_mmaction_hue()
    elif not any(isinstance(finder, AfterImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, AfterImport())
    return True


def mend_mmcv_hue() -> None:
    """Exchange mmcv's ``adjust_hue``, which MMPretrain's ColorJitter calls."""
    import mmcv
    from mmcv.image import photometric

    for namespace in (mmcv, mmcv.image, photometric):
        namespace.adjust_hue = adjust_hue


def mend_mmaction_hue() -> None:
    """Exchange ``adjust_hue`` of MMAction2's ColorJitter."""
    from mmaction.datasets.transforms.processing import ColorJitter

    ColorJitter.adjust_hue = staticmethod(adjust_hue_of_clip)


def adjust_hue(
    img: NDArray[Any], hue_factor: float, backend: str | None = None
) -> NDArray[Any]:
    """Turn the hue of an image, as mmcv does, by a share of the full circle.

    Args:
        img: BGR image ``(H, W, 3)``; grey images ``(H, W)`` have no hue.
        hue_factor: From -0.5 to 0.5.
        backend: mmcv's name of a library; the hue circle of 256 steps is the same.

    Raises:
        ValueError: A factor or a backend that mmcv doesn't allow.
    """
    if backend not in (None, 'cv2', 'pillow'):
        raise ValueError(f"backend {backend!r}: allowed are 'cv2' and 'pillow'.")
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f'hue_factor={hue_factor} is not in [-0.5, 0.5].')
    if img.ndim == 2:
        return img
    hsv = cv2.cvtColor(img.astype(np.uint8), cv2.COLOR_BGR2HSV_FULL)
    # The circle has 256 steps, so a shift down is a shift up by what is left of it.
    hsv[..., 0] += np.uint8(int(hue_factor * 255) % 256)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL).astype(img.dtype)


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


class AfterImport(MetaPathFinder):
    """Mends MMAction2's transforms as they are imported, and never imports them."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The module's own spec, with a loader that mends it afterwards."""
        if fullname != CLIP_TRANSFORMS:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = MendingLoader(spec.loader)
        return spec


class MendingLoader(Loader):
    """A loader that exchanges ``ColorJitter.adjust_hue`` in what it loaded."""

    def __init__(self, inner: Loader) -> None:
        self.inner = inner

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the inner loader does."""
        return self.inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then mend it."""
        self.inner.exec_module(module)
        module.ColorJitter.adjust_hue = staticmethod(  # type: ignore[attr-defined]
            adjust_hue_of_clip
        )
