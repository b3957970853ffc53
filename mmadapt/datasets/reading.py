"""Opening and decoding clips, in pipelines of MMAction2."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from .frame_read import StoredClip
from .readers import VideoFile
from .time_limit import SECONDS, check_seconds, within

__all__ = ['DecodeVideo', 'OpenVideo']


@TRANSFORMS.register_module()
class OpenVideo(BaseTransform):
    """Opens ``filename``, adding ``video_reader`` and ``total_frames``.

    No more is decoded than the frames need where that is known to give the same ones;
    then decord, PyAV and OpenCV are tried in this order. Where a dataset gives a
    ``frames_file``, the clip's frames are read there, and nothing is decoded.

    Args:
        seconds: As long as that may take; a decoder can hang on a broken file.

    Raises:
        BrokenFileError: The file is missing, no decoder opens it, or none in time.
        ConfigError: A limit that is no time.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = check_seconds(seconds, 'OpenVideo')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Open the file."""
        if 'frames_file' in results:
            results['video_reader'] = StoredClip(
                results['frames_file'], results['total_frames'], results['frames_size']
            )
        else:
            file = results['filename']
            opener = partial(VideoFile, file, sparse=True)
            opened = within(self.seconds, opener, str(file))
            results['video_reader'] = opened
        results['total_frames'] = len(results['video_reader'])
        return results


@TRANSFORMS.register_module()
class DecodeVideo(BaseTransform):
    """Decodes ``frame_inds`` of a clip that :class:`OpenVideo` opened, and closes it.

    The frames are those of MMAction2's DecordDecode, bit by bit, but in clips whose
    groups of pictures refer to each other (x264's ``open-gop``), in which decord
    miscounts. A frame that several views or the end of a short clip repeat is decoded
    once, and all are read in order.

    Args:
        seconds: As long as that may take.

    Raises:
        BrokenFileError: No decoder reads the frames, or none in time.
        ConfigError: A limit that is no time.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = check_seconds(seconds, 'DecodeVideo')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``imgs``, one array ``(H, W, 3)`` in RGB a frame, and its size."""
        video = results.pop('video_reader')
        unique, places = np.unique(results['frame_inds'], return_inverse=True)
        read = partial(video.read, unique.tolist())
        # Frames that were kept are copied, by nothing that could hang.
        kept = isinstance(video, StoredClip)
        frames = read() if kept else within(self.seconds, read, results['filename'])
        results['imgs'] = gather(frames, places.reshape(-1).tolist())
        results['original_shape'] = frames[0].shape[:2]
        results['img_shape'] = frames[0].shape[:2]
        return results


def gather(frames: list[np.ndarray], places: Sequence[int]) -> list[np.ndarray]:
    """Frames in the order of ``places``, each an array of its own.

    Transforms that change a frame in place, such as Flip, would otherwise change it
    once for each time that it is repeated.
    """
    given: set[int] = set()
    gathered = []
    for place in places:
        gathered.append(frames[place].copy() if place in given else frames[place])
        given.add(place)
    return gathered
