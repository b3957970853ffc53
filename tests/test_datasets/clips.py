"""Clips whose frames tell their number, for tests of what is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def write_clip(file: Path, frames: int = 12, width: int = 64, height: int = 32) -> Path:
    """An h264 clip; frame i, up to 20, is grey of brightness 20 + 10 i."""
    import av

    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), 'w') as container:
        stream = container.add_stream('libx264', rate=8)
        stream.width, stream.height, stream.pix_fmt = width, height, 'yuv420p'
        stream.options = {'crf': '10'}
        for number in range(frames):
            image = np.full((height, width, 3), 20 + 10 * (number % 20), np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format='rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def numbers(frames: list[np.ndarray]) -> list[int]:
    """Which frames of such a clip these are."""
    return [round((float(frame.mean()) - 20) / 10) for frame in frames]
