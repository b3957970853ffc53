"""Sizes and crops of frames, by the official recipe for videos."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from PIL import Image
from torch.nn.functional import interpolate

from ..errors import ConfigError, did_you_mean

__all__ = ['MultiScaleResizedCrop', 'ResizeShortSide', 'SquareViews']


def resize_by_pillow(frames: Sequence[np.ndarray], side: int) -> list[np.ndarray]:
    """Frames ``(H, W, 3)`` as squares, one by one."""
    return [
        np.asarray(
            Image.fromarray(frame).resize((side, side), Image.Resampling.BILINEAR)
        )
        for frame in frames
    ]


def resize_by_torch(frames: Sequence[np.ndarray], side: int) -> list[np.ndarray]:
    """Frames ``(H, W, 3)`` of one size as squares, all at once."""
    stacked = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)  # (T, 3, H, W)
    resized = interpolate(stacked, (side, side), mode='bilinear', antialias=True)
    return list(resized.permute(0, 2, 3, 1).numpy())


Resizer = Callable[[Sequence[np.ndarray], int], list[np.ndarray]]
RESIZERS: dict[str, Resizer] = {'pillow': resize_by_pillow, 'torch': resize_by_torch}


@TRANSFORMS.register_module()
class MultiScaleResizedCrop(BaseTransform):
    """Crop all frames alike at one of 13 places, and resize to a square.

    The sides of the crop are drawn from shares of the frame's short side, not more than
    one step apart; the places are the corners, the middles of the sides, the centre,
    and the four points half-way from the centre to the corners. Pillow's bilinear
    resizing, as in the official code.

    Args:
        size: Side of the result.
        scales: Shares of the short side, in order.
        backend: ``'pillow'``; or ``'torch'``, the same filter in a third of the time,
            whose rounding makes some pixels one of 255 levels brighter or darker.

    Raises:
        ConfigError: Another backend.
    """

    def __init__(
        self,
        size: int = 224,
        scales: Sequence[float] = (1, 0.875, 0.75, 0.66),
        backend: str = 'pillow',
    ) -> None:
        if backend not in RESIZERS:
            raise ConfigError(
                f'MultiScaleResizedCrop got backend={backend!r}; allowed: '
                f'{", ".join(RESIZERS)}.{did_you_mean(backend, RESIZERS)}'
            )
        self.size = size
        self.scales = tuple(scales)
        self.backend = backend

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Crop and resize ``imgs``."""
        height, width = results['imgs'][0].shape[:2]
        left, top, crop_w, crop_h = self.draw(width, height)
        crops = [
            frame[top : top + crop_h, left : left + crop_w] for frame in results['imgs']
        ]
        results['imgs'] = RESIZERS[self.backend](crops, self.size)
        results['img_shape'] = (self.size, self.size)
        return results

    def draw(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, width and height of a crop, by Python's generator."""
        sides = [int(min(width, height) * scale) for scale in self.scales]
        # A side within 2 pixels of the result is taken as it: nothing to resample.
        sides = [self.size if abs(s - self.size) < 3 else s for s in sides]
        pairs = [
            (min(w, width), min(h, height))
            for i, h in enumerate(sides)
            for j, w in enumerate(sides)
            if abs(i - j) <= 1
        ]
        crop_w, crop_h = random.choice(pairs)
        step_x, step_y = (width - crop_w) // 4, (height - crop_h) // 4
        places = [(x, y) for x in (0, 2, 4) for y in (0, 2, 4)]
        places += [(x, y) for x in (1, 3) for y in (1, 3)]
        x, y = random.choice(places)
        return x * step_x, y * step_y, crop_w, crop_h


@TRANSFORMS.register_module()
class ResizeShortSide(BaseTransform):
    """Resize frames so that the short side has ``size`` pixels (bilinear, OpenCV).

    Args:
        size: Pixels of the short side; the long one is rounded down.
    """

    def __init__(self, size: int = 224) -> None:
        self.size = size

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Resize ``imgs``."""
        height, width = results['imgs'][0].shape[:2]
        short = min(height, width)
        scaled = (width * self.size // short, height * self.size // short)
        if short != self.size:
            results['imgs'] = [
                cv2.resize(frame, scaled, interpolation=cv2.INTER_LINEAR)
                for frame in results['imgs']
            ]
        results['img_shape'] = results['imgs'][0].shape[:2]
        return results


@TRANSFORMS.register_module()
class SquareViews(BaseTransform):
    """Squares along the long side of frames whose short side is that of the square.

    Args:
        num_views: 1 takes the middle; more are spread from end to end.
    """

    def __init__(self, num_views: int = 1) -> None:
        if num_views < 1:
            raise ConfigError(f'SquareViews got num_views={num_views}: 1 or more.')
        self.num_views = num_views

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Crop ``imgs``; all frames of the first square come first."""
        height, width = results['imgs'][0].shape[:2]
        side = min(height, width)
        results['imgs'] = [
            frame[s : s + side] if height > width else frame[:, s : s + side]
            for s in self.starts(max(height, width) - side)
            for frame in results['imgs']
        ]
        results['img_shape'] = (side, side)
        return results

    def starts(self, room: int) -> list[int]:
        """Where the squares begin, for ``room`` pixels beside the square."""
        if self.num_views == 1:
            return [round(room / 2)]
        step = room / (self.num_views - 1)
        return [int(view * step) for view in range(self.num_views)]
