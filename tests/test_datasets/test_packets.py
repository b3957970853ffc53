"""Clips that might come out otherwise are left to the other readers."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmadapt.datasets import packets
from mmadapt.datasets.packets import LeftToOthersError, Packets
from mmadapt.datasets.readers import Decord, VideoFile
from mmadapt.datasets.sparse import SparsePyAV
from mmadapt.errors import DataError
from tests.test_datasets.clips import turn, write_moving, write_sound


def rewrite(source: Path, target: Path, first: int = 0, shift: int = 0) -> Path:
    """Copy the packets of a clip from one on, shown some frames later."""
    import av

    options = {'avoid_negative_ts': 'disabled'}
    with av.open(str(source)) as old, av.open(str(target), 'w', options=options) as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        later = round(shift / stream.average_rate / stream.time_base)
        for number, packet in enumerate(old.demux(stream)):
            if number >= first and packet.dts is not None:
                packet.pts += later
                packet.dts += later
                packet.stream = copy
                new.mux(packet)
    return target


def two_pictures(file: Path) -> Path:
    """A clip with a second stream of pictures, as a cover is."""
    import av

    with av.open(str(file), 'w') as container:
        streams = [container.add_stream('libx264', rate=8) for _ in range(2)]
        frame = av.VideoFrame.from_ndarray(
            np.zeros((48, 64, 3), np.uint8), format='rgb24'
        )
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        for stream in streams:
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
    return file


LEFT: dict[str, Callable[[Path], Path]] = {
    'none of mp4': lambda folder: write_moving(folder / 'a.avi'),
    'mpeg4 of': lambda folder: write_moving(folder / 'a.mp4', 'mpeg4'),
    'of yuv444p': lambda folder: write_moving(folder / 'a.mp4', pixels='yuv444p'),
    'odd height': lambda folder: write_moving(
        folder / 'a.mkv', 'libvpx-vp9', size=(64, 49)
    ),
    'colours 8': lambda folder: write_moving(
        folder / 'a.mp4', options={'x264-params': 'colormatrix=YCgCo'}
    ),
    'several pictures': lambda folder: two_pictures(folder / 'a.mp4'),
    'can not start at its first': lambda folder: rewrite(
        write_moving(folder / 'whole.mp4', gop=8, options={'x264-params': 'bframes=0'}),
        folder / 'a.mp4',
        first=3,
    ),
}


@pytest.mark.parametrize('reason', LEFT)
def test_a_kind_is_left_to_others(reason: str, tmp_path: Path) -> None:
    file = LEFT[reason](tmp_path)
    with pytest.raises(LeftToOthersError, match=reason):
        Packets(str(file))


def test_a_clip_without_a_picture_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='no picture in it'):
        Packets(str(write_sound(tmp_path / 'a.mp4')))


def test_a_large_file_is_left_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_moving(tmp_path / 'a.mp4')
    monkeypatch.setattr(packets, 'LARGEST', file.stat().st_size - 1)
    with pytest.raises(LeftToOthersError, match='more than'):
        Packets(str(file))
    assert type(VideoFile(file, sparse=True).reader) is Decord


class Packet:
    """One that is shown at some time."""

    is_discard = is_corrupt = False

    def __init__(self, pts: int | None) -> None:
        self.pts = pts


@pytest.mark.parametrize(
    ('times', 'reason'),
    [
        ([0, 512, None], 'not known when'),
        ([0, 512, 512], 'not known when'),
        ([512, 0, 1024], 'not the first one shown'),
        ([], 'not the first one shown'),
    ],
)
def test_times_that_are_left_to_others(times: list[int | None], reason: str) -> None:
    with pytest.raises(LeftToOthersError, match=reason):
        packets.times_of([Packet(time) for time in times])


def two_sizes(file: Path) -> Path:
    """A clip whose pictures are larger from the middle on, as recorders write it."""
    import av

    parts = [
        write_moving(file.with_name(f'{width}.webm'), 'libvpx-vp9', 9, (width, 48))
        for width in (64, 96)
    ]
    with av.open(str(file), 'w') as new:
        copy = None
        for number, part in enumerate(parts):
            with av.open(str(part)) as old:
                stream = old.streams.video[0]
                copy = copy or new.add_stream_from_template(stream)
                for packet in old.demux(stream):
                    if packet.dts is not None:
                        later = round(
                            number * 9 / stream.average_rate / packet.time_base
                        )
                        packet.pts += later
                        packet.dts += later
                        packet.stream = copy
                        new.mux(packet)
    return file


PICTURES: dict[str, Callable[[Path], Path]] = {
    'interlaced': lambda folder: write_moving(
        folder / 'a.mp4', options={'x264-params': 'tff=1'}
    ),
    'cropped at its left': lambda folder: write_moving(
        folder / 'a.mp4', size=(128, 96), options={'x264-params': 'crop-rect=2,4,6,8'}
    ),
    'of two sizes': lambda folder: two_sizes(folder / 'a.webm'),
    'odd height when turned': lambda folder: turn(
        write_moving(folder / 'a.mp4', 'libvpx-vp9', size=(129, 96)), (0, 1, -1, 0)
    ),
}


@pytest.mark.parametrize('kind', PICTURES)
def test_pictures_are_left_to_others(kind: str, tmp_path: Path) -> None:
    file = PICTURES[kind](tmp_path)
    sparse = SparsePyAV(str(file))
    with pytest.raises(LeftToOthersError, match='pictures of'):
        sparse.read([3, 8, 11])
    video = VideoFile(file, sparse=True)
    shown = Decord(str(file)).read([3, 8, 11])
    assert np.array_equal(video.read([3, 8, 11]), shown)
    assert video.failures == [], 'nothing is wrong with it'


def test_one_that_nobody_reads_is_closed(tmp_path: Path) -> None:
    file = write_moving(tmp_path / 'a.mp4')
    gc.disable()  # which would close it some time later
    try:
        opened = SparsePyAV(str(file))
        container = opened.packets.container
        del opened
        with pytest.raises(AssertionError, match='not open'):
            container.seek(0)
    finally:
        gc.enable()
