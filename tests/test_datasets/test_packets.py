"""Clips that might come out otherwise are left to the other readers."""

from __future__ import annotations

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
    'several pictures': lambda folder: two_pictures(folder / 'a.mp4'),
    'first picture is no key': lambda folder: rewrite(
        write_moving(folder / 'whole.mp4', gop=8), folder / 'a.mp4', first=3
    ),
    'not to be shown': lambda folder: rewrite(
        write_moving(folder / 'whole.mp4', gop=8), folder / 'a.mp4', shift=-4
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


@pytest.mark.parametrize('time', [None, 512])
def test_times_that_are_not_known(time: int | None) -> None:
    class Packet:
        def __init__(self, pts: int | None) -> None:
            self.pts = pts

    with pytest.raises(LeftToOthersError, match='not known when'):
        packets.times_of([Packet(0), Packet(512), Packet(time)])


PICTURES: dict[str, Callable[[Path], Path]] = {
    'interlaced': lambda folder: write_moving(
        folder / 'a.mp4', options={'x264-params': 'tff=1'}
    ),
    'odd height': lambda folder: write_moving(
        folder / 'a.mkv', 'libvpx-vp9', size=(64, 49)
    ),
    'odd height when turned': lambda folder: turn(
        write_moving(folder / 'a.mp4', 'libvpx-vp9', size=(129, 96)), (0, 1, -1, 0)
    ),
}


@pytest.mark.parametrize('kind', PICTURES)
def test_pictures_are_left_to_others(kind: str, tmp_path: Path) -> None:
    file = PICTURES[kind](tmp_path)
    sparse = SparsePyAV(str(file))
    with pytest.raises(LeftToOthersError, match='fields|odd'):
        sparse.read([3])
    video = VideoFile(file, sparse=True)
    assert np.array_equal(video.read([3, 8]), Decord(str(file)).read([3, 8]))
    assert video.failures == [], 'nothing is wrong with it'
