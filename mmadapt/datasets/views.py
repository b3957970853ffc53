"""The temporal views of the paper's test on videos."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray

from ..errors import ConfigError

__all__ = ['StridedViews', 'view_indices']


@TRANSFORMS.register_module()
class StridedViews(BaseTransform):
    """Clips spread evenly over a video that is read at every ``frame_interval``.

    As in the official test: the frames 0, i, 2i, ... are listed (a short list is
    filled up with its last frame), and clip k starts at ``int(k * (n - l) / views')``
    of that list, views' being one less than the number of views.

    Args:
        clip_len: Frames l of a clip.
        frame_interval: Distance i of the listed frames.
        num_clips: Number of views.

    Raises:
        ConfigError: A number below 1.
    """

    def __init__(
        self, clip_len: int = 8, frame_interval: int = 4, num_clips: int = 4
    ) -> None:
        if min(clip_len, frame_interval, num_clips) < 1:
            raise ConfigError(
                f'StridedViews got clip_len={clip_len}, frame_interval='
                f'{frame_interval}, num_clips={num_clips}: each is 1 or more. '
            )
        self.clip_len = clip_len
        self.frame_interval = frame_interval
        self.num_clips = num_clips

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``frame_inds`` and what MMAction2's later transforms read."""
        indices = view_indices(
            results['total_frames'], self.clip_len, self.frame_interval, self.num_clips
        )
        results['frame_inds'] = indices.reshape(-1) + results.get('start_index', 0)
        results['clip_len'] = self.clip_len
        results['frame_interval'] = self.frame_interval
        results['num_clips'] = self.num_clips
        return results


def view_indices(
    total: int, clip_len: int, interval: int, views: int
) -> NDArray[np.int64]:
    """Frame indices ``(views, clip_len)`` of a video of ``total`` frames."""
    listed = np.arange(0, total, interval)
    filling = max(clip_len - len(listed), 0)
    listed = np.concatenate([listed, np.repeat(listed[-1:], filling)])
    step = max((len(listed) - clip_len) / max(views - 1, 1), 0)
    starts = [int(view * step) for view in range(views)]
    return np.stack([listed[start : start + clip_len] for start in starts])
