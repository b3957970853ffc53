"""Clips of every kind are read rightly, or are refused, within a bounded time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mmadapt.datasets.data_files import look_at
from mmadapt.datasets.readers import VideoFile
from mmadapt.errors import BrokenFileError
from tests.test_datasets.clips import numbers, write_clip, write_noise, write_sound


def write_uneven(file: Path) -> Path:
    """A clip whose frames are shown ever longer."""
    import av

    with av.open(str(file), 'w') as container:
        stream = container.add_stream('libx264', rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 32, 'yuv420p'
        stream.time_base = stream.codec_context.time_base = Fraction(1, 90000)
        stream.options = {'crf': '10'}
        for number in range(12):
            image = np.full((32, 64, 3), 20 + 10 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format='rgb24')
            frame.pts, frame.time_base = 3000 * number**2, Fraction(1, 90000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def write_odd(file: Path) -> Path:
    """A clip of 35 by 27 pixels."""
    import av

    with av.open(str(file), 'w') as container:
        stream = container.add_stream('libx264rgb', rate=8)
        stream.width, stream.height, stream.pix_fmt = 35, 27, 'rgb24'
        stream.options = {'crf': '10'}
        for number in range(6):
            image = np.full((27, 35, 3), 20 + 10 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format='rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def test_one_frame(tmp_path: Path) -> None:
    file = write_clip(tmp_path / 'a.mp4', frames=1)
    assert numbers(VideoFile(file).read([0, 0])) == [0, 0]
    assert look_at((str(file), 'clip')).notes == ('one frame',)


def test_odd_sizes(tmp_path: Path) -> None:
    frames = VideoFile(write_odd(tmp_path / 'a.mp4')).read(range(6))
    assert frames[0].shape == (27, 35, 3)
    assert numbers(frames) == list(range(6))


def test_frames_at_uneven_times_are_counted_not_timed(tmp_path: Path) -> None:
    file = write_uneven(tmp_path / 'a.mp4')
    assert numbers(VideoFile(file).read([0, 3, 7, 11])) == [0, 3, 7, 11]
    (note,) = look_at((str(file), 'clip')).notes
    assert 'uneven times' in note
    assert not look_at((str(write_clip(tmp_path / 'b.mp4')), 'clip')).notes


def test_a_name_in_any_script(tmp_path: Path) -> None:
    file = write_clip(tmp_path / 'прыжок 跳 {1} %s.mp4')
    assert numbers(VideoFile(file).read([4])) == [4]


def test_a_file_of_sound(tmp_path: Path) -> None:
    with pytest.raises(BrokenFileError, match='there is no picture in it'):
        VideoFile(write_sound(tmp_path / 'a.mp4'))


def test_a_codec_that_nobody_knows(tmp_path: Path) -> None:
    file = write_clip(tmp_path / 'a.mp4')
    content = file.read_bytes()
    assert content.count(b'avc1') >= 1
    file.write_bytes(content.replace(b'avc1', b'xyz9').replace(b'avcC', b'xyzC'))
    with pytest.raises(BrokenFileError, match='can not be decoded'):
        VideoFile(file).read([0])


@pytest.mark.parametrize('content', [b'', b'\0' * 2000, b'#EXTM3U\nhttp://a/b.ts\n'])
def test_what_is_no_clip(tmp_path: Path, content: bytes) -> None:
    (tmp_path / 'a.mp4').write_bytes(content)
    with pytest.raises(BrokenFileError, match=r"a\.mp4'"):
        VideoFile(tmp_path / 'a.mp4').read([0])


def test_a_frame_that_was_lost_is_odd(tmp_path: Path) -> None:
    """Of ten one is gone with its header: decoders and the index alike pass it over."""
    import av

    file = write_noise(tmp_path / 'lost.avi', 10, 'mpeg4')
    assert look_at((str(file), 'clip')).notes == ()
    with av.open(str(file)) as container:
        lost = [packet for packet in container.demux(video=0) if packet.size][-1]
        start, end = lost.pos - 8, lost.pos + lost.size
    content = file.read_bytes()
    file.write_bytes(content[:start] + content[end:])
    [note] = look_at((str(file), 'clip')).notes
    assert note.startswith('9 frames, where its header says 10: ')
