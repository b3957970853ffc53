"""Encoding anew: the same frames, a key frame every so often, originals untouched."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mmadapt.datasets.readers import VideoFile
from mmadapt.datasets.video_encode import Encoding, encode_clip, mark_of
from mmadapt.errors import ConfigError, DataError
from tests.test_datasets.clips import cut, numbers, write_clip

SMALL = Encoding(short_side=32, gop=4)


def key_frames(file: Path) -> list[int]:
    with av.open(str(file)) as container:
        frames = container.decode(container.streams.video[0])
        return [number for number, frame in enumerate(frames) if frame.key_frame]


@pytest.mark.parametrize(
    ('name', 'codec'), [('a.webm', 'libvpx-vp9'), ('a.avi', 'mpeg4')]
)
def test_frames_are_the_same_and_key_frames_regular(
    tmp_path: Path, name: str, codec: str
) -> None:
    source = write_clip(tmp_path / name, 19, 96, 64, codec)
    before = (source.read_bytes(), source.stat().st_mtime_ns)
    target = tmp_path / 'new' / 'a.mp4'
    assert encode_clip(source, target, SMALL) is True
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before
    video = VideoFile(target)
    assert type(video.reader).__name__ == 'Decord'
    assert numbers(video.read(range(len(video)))) == list(range(19))
    assert video.read([0])[0].shape == (32, 48, 3)
    assert key_frames(target) == [0, 4, 8, 12, 16]
    assert [p.name for p in target.parent.iterdir()] == ['a.mp4']
    with av.open(str(target)) as container:
        assert container.streams.video[0].average_rate == Fraction(8)


@pytest.mark.parametrize(
    ('size', 'expected'),
    [
        ((96, 64), (96, 64)),  # never enlarged
        ((64, 200), (64, 200)),
        ((320, 90), (228, 64)),  # 227.6, to an even number
        ((90, 320), (64, 228)),
    ],
)
def test_sizes(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    source = write_clip(tmp_path / 'a.mp4', 3, *size)
    encode_clip(source, tmp_path / 'b.mp4', Encoding(short_side=64))
    height, width = VideoFile(tmp_path / 'b.mp4').read([0])[0].shape[:2]
    assert (width, height) == expected


def test_odd_sides_lose_a_line(tmp_path: Path) -> None:
    pixels = np.zeros((47, 61, 3), np.uint8)
    with av.open(str(tmp_path / 'odd.avi'), 'w') as container:
        stream = container.add_stream('mjpeg', rate=8)
        stream.width, stream.height, stream.pix_fmt = 61, 47, 'yuvj420p'
        frame = av.VideoFrame.from_ndarray(pixels, format='rgb24')
        container.mux([*stream.encode(frame), *stream.encode()])
    encode_clip(tmp_path / 'odd.avi', tmp_path / 'b.mp4', Encoding())
    assert VideoFile(tmp_path / 'b.mp4').read([0])[0].shape == (46, 60, 3)


def test_sound_is_dropped(tmp_path: Path) -> None:
    source = tmp_path / 'a.mp4'
    with av.open(str(source), 'w') as container:
        picture = container.add_stream('libx264', rate=8)
        picture.width, picture.height, picture.pix_fmt = 64, 32, 'yuv420p'
        sound = container.add_stream('aac', rate=16000)
        for _ in range(8):
            image = np.zeros((32, 64, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format='rgb24')
            container.mux(picture.encode(frame))
        container.mux(picture.encode())
        silence = np.zeros((1, 16000), np.float32)
        samples = av.AudioFrame.from_ndarray(silence, format='fltp', layout='mono')
        samples.sample_rate = 16000
        container.mux([*sound.encode(samples), *sound.encode()])
    encode_clip(source, tmp_path / 'b.mp4', Encoding())
    with av.open(str(tmp_path / 'b.mp4')) as container:
        assert [stream.type for stream in container.streams] == ['video']
    assert len(VideoFile(tmp_path / 'b.mp4')) == 8


def test_what_is_whole_stays_and_what_is_not_is_done_again(tmp_path: Path) -> None:
    source, target = write_clip(tmp_path / 'a.mp4'), tmp_path / 'new' / 'a.mp4'
    assert encode_clip(source, target, SMALL)
    done = target.stat().st_mtime_ns
    assert not encode_clip(source, target, SMALL)
    assert target.stat().st_mtime_ns == done
    assert encode_clip(source, target, Encoding(short_side=32, gop=8))  # other options
    cut(target, 0.8)
    assert encode_clip(source, target, Encoding(short_side=32, gop=8))
    write_clip(target)  # another file of that name
    assert encode_clip(source, target, SMALL)
    os.utime(source, (1, 1))  # another original
    assert encode_clip(source, target, SMALL)
    assert numbers(VideoFile(target).read([11])) == [11]


def test_a_file_of_another_clip_stays(tmp_path: Path) -> None:
    target = tmp_path / 'new' / 'a.mp4'
    encode_clip(write_clip(tmp_path / 'a é;#=.avi', 5, codec='mpeg4'), target, SMALL)
    source = write_clip(tmp_path / 'a.mp4', 7)
    with pytest.raises(DataError, match="from 'a é;#=.avi', and 'a.mp4' would.*remove"):
        encode_clip(source, target, SMALL)
    assert len(VideoFile(target)) == 5
    target.unlink()
    assert encode_clip(source, target, SMALL)


def test_what_an_early_release_made_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_clip(tmp_path / 'a.avi', codec='mpeg4'), tmp_path / 'a.mp4'
    with monkeypatch.context() as patch:
        patch.setattr(
            'mmadapt.datasets.video_encode.mark_of',
            lambda *given: {k: v for k, v in mark_of(*given).items() if k != 'name'},
        )
        patch.setattr('mmadapt.datasets.video_encode.is_whole', lambda *_: False)
        assert encode_clip(source, target, SMALL)
    assert not encode_clip(source, target, SMALL)


def test_a_broken_original_leaves_nothing(tmp_path: Path) -> None:
    source = write_clip(tmp_path / 'a.mp4')
    source.write_text('text')
    with pytest.raises(DataError, match='can not be decoded'):
        encode_clip(source, tmp_path / 'new' / 'a.mp4', SMALL)
    assert not list((tmp_path / 'new').iterdir())


def test_lost_frames_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_clip(tmp_path / 'a.mp4')
    monkeypatch.setattr(
        'mmadapt.datasets.video_encode.read_in_parts', lambda video: [video.read([0])]
    )
    with pytest.raises(DataError, match='has 12 frames, encoded 1'):
        encode_clip(source, tmp_path / 'new' / 'a.mp4', SMALL)
    assert not list((tmp_path / 'new').iterdir())


def test_an_original_is_never_written_over(tmp_path: Path) -> None:
    source = write_clip(tmp_path / 'a.mp4')
    (tmp_path / 'link.mp4').symlink_to(source)
    for target in (source, tmp_path / 'link.mp4'):
        with pytest.raises(DataError, match='would be written over'):
            encode_clip(source, target, SMALL)


@pytest.mark.parametrize(
    ('options', 'text'),
    [
        ({'short_side': 1}, 'short_side=1'),
        ({'gop': 0}, 'gop=0'),
        ({'crf': 52}, 'crf=52'),
        ({'preset': 'fst'}, "Did you mean 'fast'"),
    ],
)
def test_options_out_of_range(options: dict[str, int], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        Encoding(**options)
