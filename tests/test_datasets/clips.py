"""Clips whose frames tell their number, for tests of what is read."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np


def write_clip(
    file: Path,
    frames: int = 12,
    width: int = 64,
    height: int = 32,
    codec: str = 'libx264',
    picture: np.ndarray | None = None,
    params: str = 'bframes=0',
) -> Path:
    """A clip; frame i, up to 20, is grey of brightness 20 + 10 i, or all a picture.

    Args:
        params: Of x264.
    """
    import av

    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), 'w') as container:
        stream = container.add_stream(codec, rate=8)
        stream.width, stream.height, stream.pix_fmt = width, height, 'yuv420p'
        if codec == 'libx264':
            stream.options = {'crf': '10', 'x264-params': params}
        for number in range(frames):
            image = np.full((height, width, 3), 20 + 10 * (number % 20), np.uint8)
            if picture is not None:
                image = picture.astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format='rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def write_moving(
    file: Path,
    codec: str = 'libx264',
    frames: int = 40,
    size: tuple[int, int] = (64, 48),
    pixels: str = 'yuv420p',
    gop: int = 250,
    options: dict[str, str] | None = None,
    title: str = '',
) -> Path:
    """A clip of a texture that drifts under noise, so that no two frames are alike.

    Args:
        title: What the file says it is called.
        size: Width and height.
        gop: At most so many frames from one key frame to the next.
        options: Of the codec.
    """
    import av

    generator = np.random.default_rng(0)
    width, height = size
    coarse = generator.integers(0, 256, (height // 4 + 9, width // 4 + 16, 3))
    ground = coarse.repeat(4, 0).repeat(4, 1)
    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), 'w') as container:
        if title:
            container.metadata['title'] = title
        stream = container.add_stream(codec, rate=8)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.gop_size = gop
        stream.codec_context.thread_count = 1  # several differ from run to run
        own = dict(options or {})
        if codec == 'libx264':
            # Its rate control by look-ahead reads memory that nobody wrote: such clips
            # differ with what the process did before.
            own['x264-params'] = f'mbtree=0:{own.get("x264-params", "")}'.rstrip(':')
        stream.options = own
        for number in range(frames):
            down, right = number // 2, number
            image = ground[down : down + height, right : right + width]
            image = image + generator.normal(0, 6, image.shape)
            image = image.clip(0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format='rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def turn(file: Path, matrix: tuple[float, float, float, float]) -> Path:
    """Have players show an mp4 in another way: by ``a b, c d`` of its ``tkhd`` box."""
    whole = bytearray(file.read_bytes())
    a, b, c, d = (round(value * 2**16) for value in matrix)
    plain = struct.pack('>9i', 2**16, 0, 0, 0, 2**16, 0, 0, 0, 2**30)
    place = whole.index(plain, whole.index(b'tkhd'))
    whole[place : place + len(plain)] = struct.pack(
        '>9i', a, b, 0, c, d, 0, 0, 0, 2**30
    )
    file.write_bytes(whole)
    return file


def numbers(frames: list[np.ndarray]) -> list[int]:
    """Which frames of such a clip these are."""
    return [round((float(frame.mean()) - 20) / 10) for frame in frames]


def write_noise(file: Path, frames: int = 40, codec: str = 'libx264') -> Path:
    """A clip whose frames are all of about the same size in the file."""
    import av

    generator = np.random.default_rng(0)
    with av.open(str(file), 'w', options={'movflags': '+faststart'}) as container:
        stream = container.add_stream(codec, rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        for _ in range(frames):
            image = generator.integers(0, 256, (48, 64, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format='rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def write_sound(file: Path) -> Path:
    """A file of sound alone."""
    import av

    with av.open(str(file), 'w', format='mp4') as container:
        stream = container.add_stream('aac', rate=16000)
        for number in range(20):
            silence = np.zeros((1, 1024), np.float32)
            frame = av.AudioFrame.from_ndarray(silence, format='fltp', layout='mono')
            frame.sample_rate, frame.pts = 16000, number * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def cut(file: Path, share: float = 0.5) -> Path:
    """Leave the first part of a file, as an interrupted download does."""
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    return file


def damage(file: Path, seed: int = 1, size: int = 300, share: float = 0.5) -> Path:
    """Put random bytes over those behind a share of a file, within one frame's data."""
    content = bytearray(file.read_bytes())
    start = int(len(content) * share)
    content[start : start + size] = np.random.default_rng(seed).bytes(size)
    file.write_bytes(content)
    return file
