"""Clips to measure on: found, made, or joined from others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from mmadapt.datasets.readers import VideoFile
from mmadapt.errors import DataError

__all__ = ['find_clips']

SIZE, RATE, SECONDS = (340, 256), 30, 10
Pixels = Iterator[np.ndarray]


def motion(seed: int, frames: int) -> Pixels:
    """A texture that drifts, with patches that move over it, under noise."""
    generator = np.random.default_rng(seed)
    width, height = SIZE
    coarse = generator.integers(0, 256, (90, 110, 3), dtype=np.uint8)
    ground = cv2.resize(coarse, (4 * width, 4 * height), interpolation=cv2.INTER_CUBIC)
    places = generator.uniform(0, 1, (6, 2)) * (width - 60, height - 60)
    speeds = generator.normal(0, 2.5, (6, 2))
    for number in range(frames):
        x, y = round(1.3 * number), round(0.65 * number)
        frame = ground[y : y + height, x : x + width].astype(np.int16)
        for patch, (place, speed) in enumerate(zip(places, speeds, strict=True)):
            left, top = np.abs((place + number * speed) % (2 * width) - width)
            left, top = int(min(left, width - 40)), int(min(top, height - 40))
            frame[top : top + 40, left : left + 40] = 40 * patch
        noise = generator.normal(0, 4, frame.shape)
        yield np.clip(frame + noise, 0, 255).astype(np.uint8)


def joined(files: Iterable[Path]) -> Pixels:
    """The frames of clips one behind another, at one size."""
    for file in files:
        video = VideoFile(file)
        for frame in video.read(range(len(video))):
            yield cv2.resize(frame, SIZE, interpolation=cv2.INTER_LINEAR)


def write_clip(file: Path, frames: Pixels, count: int) -> Path:
    """Encode frames as x264 does by default, but for key frames at cuts."""
    with av.open(str(file), 'w') as container:
        stream = container.add_stream('libx264', rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.gop_size = 250
        stream.options = {'sc_threshold': '0'}
        for _, frame in zip(range(count), frames, strict=False):
            coded = av.VideoFrame.from_ndarray(frame, format='rgb24')
            container.mux(stream.encode(coded))
        container.mux(stream.encode())
    return file


def find_clips(
    source: Path | None, seconds: int, count: int, folder: Path
) -> list[Path]:
    """The clips to read, made where need be.

    Args:
        source: A folder of clips; None makes all.
        seconds: Join those to clips of this length; 0 takes them as they are.
        count: How many.
        folder: Where clips go that are made.

    Raises:
        DataError: A folder without enough of them.
    """
    length = RATE * (seconds or SECONDS)
    if source is None:
        return [
            write_clip(folder / f'{seed}.mp4', motion(seed, length), length)
            for seed in range(count)
        ]
    endings = {'.mp4', '.webm', '.avi', '.mkv'}
    files = sorted(p for p in source.rglob('*') if p.suffix in endings)
    if len(files) < count:
        raise DataError(f'{source} holds {len(files)} clips, not {count}.')
    if not seconds:
        return files[:: len(files) // count][:count]
    frames = joined(files)
    return [
        write_clip(folder / f'{number}.mp4', frames, length) for number in range(count)
    ]
