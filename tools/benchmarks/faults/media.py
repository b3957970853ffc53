"""Small photos and clips, and whether a reader apart from mmadapt takes a file."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import decord
import numpy as np
import PIL.Image

__all__ = ['decodes', 'draw_clips', 'draw_photos']

PHOTOS = ('.jpg', '.png', '.webp', '.bmp', '.tif', '.jpg')
CLIPS = (('.mp4', 'libx264'), ('.mkv', 'libx264'), ('.avi', 'mpeg4'), ('.mov', 'mpeg4'))
FRAMES = 10


def draw_photos(data: Path) -> list[tuple[int, Path]]:
    """A photo of each form for each of two colours; label and file."""
    generator = np.random.default_rng(0)
    found = []
    for label in range(2):
        for index, ending in enumerate(PHOTOS):
            image = generator.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            image[..., 2 * label] = 255
            file = data / 'train' / f'photo_{label}_{index}{ending}'
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), image)
            found.append((label, file))
    return found


def draw_clips(data: Path) -> list[tuple[int, Path]]:
    """A clip of each form for each of two colours; label and file."""
    data.mkdir(parents=True)
    found = []
    for label in range(2):
        for index, (ending, codec) in enumerate(CLIPS):
            file = data / f'clip_{label}_{index}{ending}'
            draw_clip(file, codec, label, seed=10 * label + index)
            found.append((label, file))
    return found


def draw_clip(file: Path, codec: str, label: int, seed: int) -> None:
    """A noisy clip of 32 x 32."""
    generator = np.random.default_rng(seed)
    with av.open(str(file), 'w') as container:
        stream = container.add_stream(codec, rate=8)
        stream.width = stream.height = 32
        stream.pix_fmt = 'yuv420p'
        for _ in range(FRAMES):
            image = generator.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            image[..., 2 * label] = 255
            frame = av.VideoFrame.from_ndarray(image, format='rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def decodes(file: Path) -> bool:
    """Whether a file that may be broken decodes to its last byte without an error.

    Photos are read by Pillow, which checks what the form has to check. Of clips, decord
    and PyAV have to give all the frames that the file promises.
    """
    try:
        if file.suffix in PHOTOS:
            with PIL.Image.open(file) as image:
                image.verify()
            with PIL.Image.open(file) as image:
                image.load()
            return True
        with av.open(str(file)) as container:
            stream = container.streams.video[0]
            # Threads that share a frame hide its damage.
            stream.codec_context.thread_count = 1
            seconds = (container.duration or 0) / av.time_base
            promised = stream.frames or round(seconds * (stream.average_rate or 0))
            frames = sum(not frame.is_corrupt for frame in container.decode(stream))
        reader = decord.VideoReader(str(file), num_threads=1)
        reader.get_batch(list(range(len(reader))))
        return min(frames, len(reader)) >= promised
    except Exception:  # any error at all means that it does not decode
        return False
