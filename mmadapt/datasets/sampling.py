"""Which frames of a clip are read, after the official code of AdaptFormer."""

from __future__ import annotations

import numpy as np

__all__ = ['clip_indices', 'clip_start', 'view_indices']


def clip_indices(start: int, total: int, clip_len: int, interval: int) -> np.ndarray:
    """Indices ``(clip_len,)`` of one clip; the last is repeated where a video ends.

    As in the official code, the index goes on only while more than ``interval`` frames
    follow it, so that the very last frame is not reached by the last step.

    Args:
        start: Index of the first frame.
        total: Frames of the video.
        clip_len: Frames of the clip.
        interval: Distance of two of them.
    """
    indices = [start]
    while len(indices) < clip_len:
        step = interval if indices[-1] + interval + 1 < total else 0
        indices.append(indices[-1] + step)
    return np.array(indices, dtype=np.int64)


def clip_start(total: int, clip_len: int, interval: int, random: bool) -> int:
    """Where a clip starts: anywhere it fits (uniform), or so that it is in the middle.

    Args:
        total: Frames of the video.
        clip_len: Frames of the clip.
        interval: Distance of two of them.
        random: Draw it with numpy's generator.
    """
    last = max(total - clip_len * interval, 0)
    return int(np.random.randint(last + 1)) if random else last // 2


def view_indices(total: int, clip_len: int, interval: int, views: int) -> np.ndarray:
    """Indices ``(views, clip_len)`` of clips from the start to the end of a video.

    Every ``interval``-th frame of the whole video is taken, the last one repeated up to
    ``clip_len``; view k starts at ``int(k * (n - clip_len) / (views - 1))`` of these n.

    Args:
        total: Frames of the video.
        clip_len: Frames of a view.
        interval: Distance of two of them.
        views: Number of views, 2 or more.
    """
    frames = np.arange(0, total, interval)
    frames = np.pad(frames, (0, max(clip_len - len(frames), 0)), mode='edge')
    step = (len(frames) - clip_len) / (views - 1)
    starts = [int(view * step) for view in range(views)]
    return np.stack([frames[start : start + clip_len] for start in starts])
