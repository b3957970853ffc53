"""A few frames of a clip are those that decoding it whole gives, bit by bit."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmadapt.datasets import streams
from mmadapt.datasets.packets import Packets
from mmadapt.datasets.readers import Decord, PyAV, VideoFile
from mmadapt.datasets.sparse import SparsePyAV, runs
from mmadapt.errors import DataError
from tests.test_datasets.clips import damage, turn, write_moving


def x264(params: str) -> dict[str, Any]:
    return {'options': {'x264-params': params}}


def x265(params: str) -> dict[str, Any]:
    quiet = {'x265-params': f'{params}:log-level=none'}
    return {'codec': 'libx265', 'options': quiet}


KINDS: dict[str, dict[str, Any]] = {
    'as x264 does by default': {},
    'short groups': {'gop': 8},
    'key frames alone': {'gop': 1},
    'one frame': {'frames': 1},
    'no picture refers forward': x264('bframes=0'),
    'one picture in eight referred to': x264('bframes=7:b-adapt=0:b-pyramid=none'),
    'a pyramid of references': x264('bframes=7:b-adapt=0:b-pyramid=normal'),
    'slices': x264('slices=4:bframes=3'),
    'weighted references': x264('weightp=2:ref=8:bframes=5'),
    'colours of HD': x264('colormatrix=bt709:fullrange=off'),
    'colours of HD, full range': x264('colormatrix=bt709:fullrange=on'),
    'colours of UHD': x264('colormatrix=bt2020nc'),
    'JPEG colours': {'pixels': 'yuvj420p'},
    'cropped': {'size': (66, 50)},
    'hevc': x265('bframes=4'),
    'hevc, groups that others refer to': {**x265('open-gop=1:bframes=4'), 'gop': 8},
    'hevc, layers': x265('temporal-layers=1:bframes=7'),
    'vp9': {'codec': 'libvpx-vp9', 'gop': 15},
    'vp9, odd width': {'codec': 'libvpx-vp9', 'size': (67, 48)},
}


def samples(length: int, count: int = 6) -> list[list[int]]:
    """Indices as pipelines ask for them, and out of order, and repeated."""
    draw = random.Random(length)
    windows = []
    for _ in range(count):
        start, step = draw.randrange(length), draw.choice([1, 2, 4, 9])
        windows.append([min(start + step * i, length - 1) for i in range(5)])
    return [*windows, draw.choices(range(length), k=5), [length - 1], [0]]


@pytest.mark.parametrize('threads', [1, 3])
@pytest.mark.parametrize('ending', ['mp4', 'mkv'])
@pytest.mark.parametrize('kind', KINDS)
def test_frames_are_those_of_decord(
    kind: str,
    ending: str,
    threads: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, 'decoder_threads', lambda: threads)
    file = str(write_moving(tmp_path / f'clip.{ending}', **KINDS[kind]))
    whole = Decord(file).read(range(len(Decord(file))))
    assert len(SparsePyAV(file)) == len(whole) == KINDS[kind].get('frames', 40)
    for indices in samples(len(whole)):
        found = SparsePyAV(file).read(indices)
        assert np.array_equal(found, [whole[index] for index in indices]), indices


@pytest.mark.parametrize('matrix', [(0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)])
def test_a_turned_clip_is_as_decord_turns_it(
    matrix: tuple[int, int, int, int], tmp_path: Path
) -> None:
    file = str(turn(write_moving(tmp_path / 'a.mp4', size=(66, 50)), matrix))
    assert np.array_equal(SparsePyAV(file).read([9, 4]), Decord(file).read([9, 4]))


def test_what_nothing_refers_to_is_left_out(tmp_path: Path) -> None:
    kind = KINDS['one picture in eight referred to']
    opened = Packets(str(write_moving(tmp_path / 'a.mp4', **kind)))
    assert opened.starts == [True] + [False] * 39
    last = opened.times.index(max(opened.times))
    decoded = len(list(opened.pictures(range(last + 1), {last})))
    opened.close()
    assert 40 / 8 <= decoded <= 40 / 8 + 2


def test_groups_without_a_frame_asked_for_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_moving(tmp_path / 'a.mp4', gop=8)
    asked: list[tuple[int, list[int]]] = []
    decode = Packets.decode

    def listen(self: Packets, start: int, wanted: list[int]) -> dict[int, np.ndarray]:
        asked.append((start, wanted))
        return decode(self, start, wanted)

    monkeypatch.setattr(Packets, 'decode', listen)
    SparsePyAV(str(file)).read([8, 24, 24, 32])
    assert asked == [(8, [8]), (24, [24]), (32, [32])]


@pytest.mark.parametrize('params', ['bframes=3', 'bframes=2', 'bluray-compat=1'])
@pytest.mark.parametrize('gop', [8, 12])
def test_groups_of_h264_that_refer_to_others(
    params: str, gop: int, tmp_path: Path
) -> None:
    kind = {**x264(f'open-gop=1:{params}'), 'gop': gop}
    file = str(write_moving(tmp_path / 'a.mp4', **kind))
    opened = Packets(file)
    keys = [packet.is_keyframe for packet in opened.packets]
    key = keys.index(True, 1)
    assert opened.times[key + 1] < opened.times[key], 'shown before its key frame'
    opened.close()
    whole = PyAV(file).read(range(40))  # decord miscounts when it starts within
    for index in range(40):
        video = VideoFile(file, sparse=True)
        assert np.array_equal(video.read([index]), [whole[index]]), index
        assert video.failures == []


def test_it_can_be_read_again(tmp_path: Path) -> None:
    video = SparsePyAV(str(write_moving(tmp_path / 'a.mp4')))
    first = video.read([3, 17])
    assert video.packets.container is None, 'its decoder is still there'
    assert np.array_equal(video.read([17, 3]), first[::-1])
    assert len(video) == 40


@pytest.mark.parametrize('index', [-1, 40])
def test_a_frame_that_is_not_there(index: int, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f'frame {index} is not there'):
        SparsePyAV(str(write_moving(tmp_path / 'a.mp4'))).read([0, index])


@pytest.mark.parametrize('threads', [1, 4])
def test_a_damaged_clip_is_not_patched_up(
    threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, 'decoder_threads', lambda: threads)
    file = write_moving(tmp_path / 'a.mp4', **x264('bframes=0'))
    with pytest.raises((DataError, OSError, ValueError), match='corrupt|Invalid data'):
        SparsePyAV(str(damage(file, size=600))).read([39])


def test_only_who_reads_a_few_frames_gets_it(tmp_path: Path) -> None:
    file = write_moving(tmp_path / 'a.mp4')
    assert type(VideoFile(file, sparse=True).reader) is SparsePyAV
    assert type(VideoFile(file).reader) is Decord


def test_runs_start_at_the_nearest_key_frame_in_front() -> None:
    # Stored: I0 P4 b2, then I8, of which 6 is shown before it, then P12.
    times = [0, 4, 2, 8, 6, 12]
    starts = [True, False, False, True, False, False]
    assert runs(times, starts, {2}) == {0: [2]}
    assert runs(times, starts, {4}) == {0: [4]}, 'it may refer to P4'
    assert runs(times, starts, {5, 3, 4, 1}) == {0: [1, 4], 3: [3, 5]}
