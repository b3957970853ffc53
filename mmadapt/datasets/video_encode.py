"""Clips encoded anew, so that eight frames of them decode fast."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from ..errors import ConfigError, DataError, did_you_mean
from .readers import VideoFile
from .streams import LENIENT
from .video_check import read_in_parts

__all__ = ['Encoding', 'encode_clip', 'encode_pair', 'is_whole']

PRESETS = (
    'ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium', 'slow', 'slower',
    'veryslow',
)  # fmt: skip


@dataclass(frozen=True)
class Encoding:
    """How clips are encoded, in h264.

    Attributes:
        short_side: Pixels of the short side; smaller clips keep their size.
        gop: Frames from one key frame to the next; a reader starts at a key frame, so
            that few frames are decoded in vain.
        crf: Quality, from 0 (lossless) to 51.
        preset: x264's trade of time for size.

    Raises:
        ConfigError: A value that can't be obeyed.
    """

    short_side: int = 256
    gop: int = 16
    crf: int = 20
    preset: str = 'fast'

    def __post_init__(self) -> None:
        if self.short_side < 2:
            raise ConfigError(f'short_side={self.short_side}: 2 pixels or more.')
        if self.gop < 1:
            raise ConfigError(f'gop={self.gop}: 1 frame or more.')
        if not 0 <= self.crf <= 51:
            raise ConfigError(f'crf={self.crf}: from 0 (lossless) to 51.')
        if self.preset not in PRESETS:
            raise ConfigError(
                f'preset={self.preset!r}; allowed: {", ".join(PRESETS)}.'
                f'{did_you_mean(self.preset, PRESETS)}'
            )


def encode_clip(source: Path, target: Path, encoding: Encoding) -> bool:
    """Encode a clip without its sound, frame by frame as training reads it.

    The source is only read. What decord (or the decoder that stands in for it) gives is
    what is encoded, so that the frames are as many as there, and turned alike. They
    come at even times, whatever the source's were: samplers count frames.

    Args:
        source: Any clip.
        target: An mp4, replaced unless it is whole and made from this source in this
            way; there in full or not at all.
        encoding: How.

    Returns:
        Whether there was anything to do.

    Raises:
        DataError: The source can't be decoded, or the result has other frames; or the
            target was made from another clip, which a list may still name.
    """
    if target.exists() and target.samefile(source):
        raise DataError(f'{source} would be written over. Take another folder.')
    mark = mark_of(source, encoding)
    if is_whole(target, mark):
        return False
    former = written_mark(target).get('name', source.name)
    if former != source.name:
        raise DataError(
            f'{target} was made from {former!r}, and {source.name!r} would take its '
            'place, where lists of an earlier call may name it. Give all lists in one '
            'call (--lists A B), or remove the file if that clip is gone.'
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f'.{target.name}.partial')
    try:
        video = VideoFile(source)
        write(
            partial, video, rate_of(source), encoding, json.dumps(mark, sort_keys=True)
        )
        written = VideoFile(partial)
        written.read([len(written) - 1])
        if len(written) != len(video):
            raise DataError(
                f'{source} has {len(video)} frames, encoded {len(written)}. Keep the '
                'original in the list.'
            )
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    return True


def encode_pair(pair: tuple[Path, Path], encoding: Encoding) -> bool:
    """:func:`encode_clip` of a source and its target."""
    return encode_clip(*pair, encoding)


def write(
    file: Path, video: VideoFile, rate: Fraction, encoding: Encoding, mark: str
) -> None:
    """Encode all frames of a video into a file."""
    options = {'movflags': '+faststart'}
    with av.open(str(file), 'w', format='mp4', options=options) as container:
        container.metadata['comment'] = mark
        stream: Any = container.add_stream('libx264', rate=rate)
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.gop_size = encoding.gop
        # Key frames at the same distance everywhere; one thread, as clips run beside
        # each other.
        stream.codec_context.thread_count = 1
        stream.options = {
            'crf': str(encoding.crf),
            'preset': encoding.preset,
            'sc_threshold': '0',
            'tune': 'fastdecode',  # no deblocking, no CABAC: a third less to decode
        }
        number = 0
        for frames in read_in_parts(video):
            for pixels in fitted(frames, encoding.short_side):
                if not number:
                    stream.height, stream.width = pixels.shape[:2]
                frame = av.VideoFrame.from_ndarray(pixels, format='rgb24')
                frame.pts, frame.time_base = number, 1 / rate
                container.mux(stream.encode(frame))
                number += 1
        container.mux(stream.encode())


def fitted(frames: Iterable[np.ndarray], short_side: int) -> Iterable[np.ndarray]:
    """Frames ``(H, W, 3)`` no larger than asked for, with even sides, which h264 needs.

    A size that is only odd loses its last row or column; nothing is blurred for it.
    """
    for frame in frames:
        height, width = frame.shape[:2]
        short = min(height, width)
        if short > short_side:
            height, width = (
                max(round(side * short_side / short / 2) * 2, 2)
                for side in (height, width)
            )
            frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        even = frame[: max(height // 2 * 2, 1), : max(width // 2 * 2, 1)]
        yield np.ascontiguousarray(even)


def rate_of(source: Path) -> Fraction:
    """Frames a second, 25 where the file doesn't say."""
    with av.open(str(source), **LENIENT) as container:
        stream = container.streams.best('video')
        rate = stream and stream.average_rate
    # x264 refuses odd rates, such as those that are guessed from broken times.
    return Fraction(rate or 25).limit_denominator(1001)


def mark_of(source: Path, encoding: Encoding) -> dict[str, Any]:
    """What a result says of its origin, in the comment of its file."""
    stat = source.stat()
    origin = {'size': stat.st_size, 'changed': stat.st_mtime_ns, 'name': source.name}
    return {'mmadapt': 2, **asdict(encoding), **origin}


def written_mark(target: Path) -> dict[str, Any]:
    """What a file says of its origin; nothing where it doesn't, or is none."""
    if not target.is_file():
        return {}
    try:
        with av.open(str(target)) as container:
            mark = json.loads(container.metadata.get('comment', ''))
    except (av.FFmpegError, ValueError):
        return {}
    return mark if isinstance(mark, dict) else {}


def is_whole(target: Path, mark: Mapping[str, Any]) -> bool:
    """Whether a file was made as the mark says and ends where it should."""
    # Early releases didn't write the name, and what they made is as good.
    if {'name': mark['name'], **written_mark(target)} != mark:
        return False
    try:
        with av.open(str(target)) as container:
            stream = container.streams.video[0]
            packets = sum(packet.size > 0 for packet in container.demux(stream))
            return 0 < packets == stream.frames
    except (av.FFmpegError, IndexError):
        return False
