"""All frames of a clip, decoded once and kept in one file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..ending import NO_SPACE
from ..errors import DataError
from .frame_format import FrameFormat, encode_jpeg, shrink
from .readers import VideoFile
from .video_check import read_in_parts

__all__ = ['Measure', 'measure_clip', 'pack_clip']


class Measure(NamedTuple):
    """What a clip's frames take.

    Attributes:
        frames: How many there are.
        height: Pixels of each, as kept.
        width: The same.
        size: Bytes of the file.
    """

    frames: int
    height: int
    width: int
    size: int


def measure_clip(source: Path, form: FrameFormat) -> Measure:
    """What a clip will take: exact for pixels, by its middle frame for JPEG.

    Raises:
        DataError: The clip can't be decoded.
    """
    video = VideoFile(source)
    frame = shrink(video.read([len(video) // 2])[0], form.short_side)
    height, width = frame.shape[:2]
    raw = form.kind == 'raw'
    each = frame.nbytes if raw else len(encode_jpeg(frame, form.quality))
    return Measure(len(video), height, width, each * len(video))


def pack_clip(source: Path, target: Path, form: FrameFormat) -> Measure:
    """Decode a clip, and keep all of its frames in order.

    Args:
        source: The clip, which is only read.
        target: A file, there in full or not at all.
        form: How.

    Raises:
        DataError: The clip can't be decoded to its end.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f'.{target.name}.partial')
    video = VideoFile(source)
    frames = (
        shrink(frame, form.short_side)
        for part in read_in_parts(video)
        for frame in part
    )
    try:
        if form.kind == 'raw':
            height, width = write_raw(partial, frames, len(video))
        else:
            height, width = write_jpegs(partial, frames, len(video), form.quality)
        size = partial.stat().st_size
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    return Measure(len(video), height, width, size)


def write_raw(file: Path, frames: Iterator[np.ndarray], count: int) -> tuple[int, int]:
    """An array ``(count, H, W, 3)``, a frame at a time; returns height and width."""
    first = next(frames)
    kept = np.lib.format.open_memmap(
        file, 'w+', dtype=np.uint8, shape=(count, *first.shape)
    )
    take_room(file)
    kept[0] = first
    for number, frame in enumerate(frames, start=1):
        kept[number] = frame
    kept.flush()
    return first.shape[0], first.shape[1]


def take_room(file: Path) -> None:
    """Give a file of zeros its room on the disk, where the file system can.

    A map of it would end the process where there is none, with no word of why.

    Raises:
        OSError: There is none.
    """
    if not hasattr(os, 'posix_fallocate'):
        return
    with file.open('r+b') as opened:
        try:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
        except OSError as error:
            if error.errno in NO_SPACE:
                raise


def write_jpegs(
    file: Path, frames: Iterator[np.ndarray], count: int, quality: int
) -> tuple[int, int]:
    """An array of where each JPEG begins and the last one ends, then all of them."""
    shapes = set()
    places = np.zeros(count + 1, np.int64)
    with file.open('wb') as out:
        np.save(out, places)
        places[0] = out.tell()
        for number, frame in enumerate(frames, start=1):
            out.write(encode_jpeg(frame, quality))
            places[number] = out.tell()
            shapes.add(frame.shape[:2])
        out.seek(0)
        np.save(out, places)
    if len(shapes) != 1:
        raise DataError(f'frames of several sizes: {sorted(shapes)}')
    return shapes.pop()
