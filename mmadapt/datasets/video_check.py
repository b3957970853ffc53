"""Whether clips are there, decode to their end, and are as many as published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from os import PathLike
from pathlib import Path

import av

from ..errors import DataError
from .journal import drop_torn_line, mark_of, read_journal
from .readers import VideoFile
from .streams import LENIENT, attentive_stream
from .video_jobs import attempt, run_jobs

__all__ = ['check_clip', 'check_clips', 'compare_counts', 'read_in_parts']

CHUNK = 64 * 2**20
"""Bytes of decoded frames held at once: a clip of any length and size fits."""

WHOLE = 0.9
"""Share of the frames promised that a whole clip has; headers are not exact."""


def check_clip(path: str | PathLike[str], decode: bool = True) -> int:
    """Read a clip as training does, from its first to its last frame.

    Args:
        path: The file.
        decode: Decode it; False only asks whether the file is there and not empty.

    Returns:
        Its frames; 0 where it wasn't decoded.

    Raises:
        DataError: It is missing, empty, can't be decoded, or ends early.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError('missing')
    if not file.stat().st_size:
        raise DataError('empty file')
    if not decode:
        return 0
    video = VideoFile(file)
    for _ in read_in_parts(video):
        pass
    check_whole(file)
    return len(video)


def read_in_parts(video: VideoFile) -> Iterable[list]:
    """All frames of a video, in order, a limited number at a time."""
    first = video.read([0])
    step = max(CHUNK // max(first[0].nbytes, 1), 1)
    for start in range(0, len(video), step):
        yield video.read(range(start, min(start + step, len(video))))


def check_whole(file: Path) -> None:
    """Refuse a clip with damage in it, or with clearly less than its header says.

    decord counts what is there, so that half a download passes for a shorter clip, and
    patches up the parts of a frame that don't decode.

    Raises:
        DataError: It ends early, or a frame is not what was encoded.
    """
    container = av.open(str(file), **LENIENT)
    stream = packet = None
    try:
        stream = attentive_stream(container)
        packets, end = 0, 0.0
        for packet in container.demux(stream):
            check_frames(packet)
            packets += packet.size > 0
            if packet.pts is not None:
                end = max(
                    end, float((packet.pts + (packet.duration or 0)) * packet.time_base)
                )
        found, promised, unit = float(packets), float(stream.frames), 'frames'
        # A file of the Matroska family tells its length in seconds only; sound may be
        # longer than the picture.
        if not promised and len(container.streams) == 1:
            found, promised, unit = end, (container.duration or 0) / av.time_base, 's'
    finally:
        container.close()
        # An error holds these names, and the decoder with them, that a fork may free.
        del container, stream, packet
    if unit == 'frames' and found < WHOLE * promised:
        found = held(file)
    if found < WHOLE * promised:
        raise DataError(f'cut off: {found:g} of {promised:g} {unit}')


def held(file: Path) -> float:
    """Frames that a file holds, with those in front of the place where it was cut."""
    with av.open(str(file), options={'ignore_editlist': '1'}, **LENIENT) as container:
        stream = attentive_stream(container)
        return float(sum(packet.size > 0 for packet in container.demux(stream)))


def check_frames(packet: av.Packet) -> None:
    """Decode one packet of a clip.

    Raises:
        DataError: The decoder gave it up, or patched a frame up.
    """
    try:
        frames = packet.decode()
    except av.FFmpegError as error:
        raise DataError(f'damaged: {error}') from error
    finally:
        del packet
    if any(frame.is_corrupt for frame in frames):
        raise DataError('damaged: a part of a frame does not decode')


def check_clips(
    files: Sequence[Path],
    workers: int,
    decode: bool = True,
    journal: Path | None = None,
) -> dict[Path, str]:
    """What is wrong with each file that isn't right, in the order given.

    Args:
        files: The clips.
        workers: Processes at once.
        decode: Read every frame; False only looks for the files.
        journal: A file that remembers what decoded, by size and time of change, so
            that an interrupted check goes on where it was; None decodes all.
    """
    if decode:
        found = decode_clips(files, workers, journal)
    else:  # a look at a file is less work than to hand it to another process
        job = partial(check_clip, decode=False)
        found = {file: attempt(job, file)[1] for file in files}
    problems = ((file, found.get(file)) for file in files)
    return {file: problem for file, problem in problems if problem is not None}


def decode_clips(
    files: Sequence[Path], workers: int, journal: Path | None
) -> dict[Path, str | None]:
    """What is wrong with each clip that wasn't whole in an earlier call."""
    known = read_journal(journal) if journal else set()
    fresh = [file for file in files if not known or mark_of(file) not in known]
    if len(fresh) < len(files):
        print(f'{len(files) - len(fresh):,} clips were decoded in an earlier call')
    found: dict[Path, str | None] = {}
    with ExitStack() as stack:
        record = None
        if journal:
            journal.parent.mkdir(parents=True, exist_ok=True)
            drop_torn_line(journal)
            record = stack.enter_context(journal.open('a', encoding='utf-8'))
        for outcome in run_jobs(check_clip, fresh, workers, 'decoding'):
            found[outcome.item] = outcome.problem
            if record and outcome.problem is None:
                record.write(f'{mark_of(outcome.item)}\n')
    return found


def compare_counts(
    found: Mapping[str, int], published: Mapping[str, int], subset: bool
) -> None:
    """Refuse counts other than the published ones.

    Args:
        found: What is counted to how many there are.
        published: The same, as it should be; what is absent isn't compared.
        subset: Accept other counts, and print them.

    Raises:
        DataError: Counts differ.
    """
    other = [
        f'{name}: {found[name]:,}, published: {count:,}'
        for name, count in published.items()
        if name in found and found[name] != count
    ]
    if not other:
        return
    more = f'; and {len(other) - 5} more' if len(other) > 5 else ''
    text = f'other counts than published. {"; ".join(other[:5])}{more}.'
    if not subset:
        raise DataError(
            f'{text} Download what is missing again, or add --subset to prepare a part '
            'of the data.'
        )
    print(f'Note: {text}')
