"""Every file of a dataset, read to its end."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from .official.archives import md5_of
from .photo_check import check_pixels, decode_photo
from .video_jobs import run_jobs

__all__ = ['Looked', 'look_at', 'look_at_files']

UNEVEN = 1.5
"""How many times as long as another frame one is shown, in clips of uneven times."""


class Looked(NamedTuple):
    """What was found in a whole file.

    Attributes:
        digest: MD5 of its content, which two copies have in common.
        notes: What is odd, and no fault.
    """

    digest: str
    notes: tuple[str, ...] = ()


def look_at_files(
    files: Mapping[str, str], workers: int, seconds: float
) -> tuple[dict[str, Looked], dict[str, str]]:
    """Decode files in several processes, with a progress bar.

    A decoder that crashes or hangs on a file is a fault of the file.

    Args:
        files: Path to ``'photo'`` or ``'clip'``.
        workers: Processes at once.
        seconds: As long as one file may take.

    Returns:
        Path to what was found, and path to what is wrong.
    """
    whole: dict[str, Looked] = {}
    broken: dict[str, str] = {}
    for outcome in run_jobs(look_at, files.items(), workers, 'reading files', seconds):
        path, kind = outcome.item
        if outcome.result is not None:
            whole[path] = outcome.result
            continue
        reason = str(outcome.problem)
        named = path in reason or repr(path)[1:-1] in reason
        broken[path] = reason if named else f'{kind} {path!r}: {reason}'
    return whole, broken


def look_at(item: tuple[str, str]) -> Looked:
    """Read a file as training does, and to its end.

    Args:
        item: Its path, and ``'photo'`` or ``'clip'``.

    Raises:
        DataError: It is broken.
    """
    path, kind = item
    if kind == 'photo':
        decode_photo(path)
        check_pixels(path)
        return Looked(md5_of(Path(path)))
    from .video_check import check_clip

    frames = check_clip(path)
    return Looked(md5_of(Path(path)), clip_notes(path, frames))


def clip_notes(path: str, frames: int) -> tuple[str, ...]:
    """What is odd about a clip."""
    import av

    from .streams import LENIENT

    notes = ['one frame'] if frames == 1 else []
    with av.open(path, **LENIENT) as container:
        stream = container.streams.best('video')
        stamps = [packet.pts for packet in container.demux(stream) if packet.size]
        promised = stream.frames
    if len(stamps) < promised:  # the header of a file in fragments says too few
        notes.append(
            f'{len(stamps):,} frames, where its header says {promised:,}: the others '
            'are lost, repeat the one before, or are hidden on purpose'
        )
    times = sorted(stamp for stamp in stamps if stamp is not None)
    steps = [after - before for before, after in pairwise(times)]
    if steps and max(steps) > UNEVEN * max(min(steps), 2):
        notes.append('frames at uneven times, which are taken as even')
    return tuple(notes)
