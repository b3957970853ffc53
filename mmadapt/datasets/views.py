"""Which frames of a video are read, in pipelines of MMAction2."""

from __future__ import annotations

from typing import Any

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ..errors import ConfigError
from .sampling import clip_indices, clip_start, view_indices

__all__ = ['SampleClip', 'SampleViews']


@TRANSFORMS.register_module()
class SampleClip(BaseTransform):
    """Choose the frames of one clip, see :func:`mmadapt.datasets.sampling`.

    Args:
        clip_len: Frames of the clip.
        frame_interval: Distance of two of them.
        random: Start anywhere; else the clip is from the middle of the video.
    """

    def __init__(
        self, clip_len: int = 8, frame_interval: int = 4, random: bool = True
    ) -> None:
        self.clip_len = clip_len
        self.frame_interval = frame_interval
        self.random = random

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``frame_inds`` and what later transforms need to know of them."""
        shape = (self.clip_len, self.frame_interval)
        total = results['total_frames']
        start = clip_start(total, *shape, random=self.random)
        results.update(
            frame_inds=clip_indices(start, total, *shape),
            clip_len=self.clip_len,
            frame_interval=self.frame_interval,
            num_clips=1,
        )
        return results


@TRANSFORMS.register_module()
class SampleViews(BaseTransform):
    """Choose the frames of several clips from the start to the end of a video.

    Args:
        clip_len: Frames of a clip.
        frame_interval: Distance of two of them.
        num_views: Number of clips, 2 or more.

    Raises:
        ConfigError: Fewer than 2 clips.
    """

    def __init__(
        self, clip_len: int = 8, frame_interval: int = 4, num_views: int = 4
    ) -> None:
        if num_views < 2:
            raise ConfigError(
                f'SampleViews got num_views={num_views}: 2 or more. For a single clip '
                'use SampleClip(random=False).'
            )
        self.clip_len = clip_len
        self.frame_interval = frame_interval
        self.num_views = num_views

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``frame_inds`` and what later transforms need to know of them."""
        indices = view_indices(
            results['total_frames'], self.clip_len, self.frame_interval, self.num_views
        )
        results.update(
            frame_inds=indices.reshape(-1),
            clip_len=self.clip_len,
            frame_interval=self.frame_interval,
            num_clips=self.num_views,
        )
        return results
