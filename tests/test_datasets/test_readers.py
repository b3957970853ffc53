"""Every decoder gives the same frames, and another takes over where one fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.datasets import readers, size_check, streams
from mmadapt.datasets.readers import READERS, VideoFile
from mmadapt.errors import BrokenFileError, DataError
from tests.test_datasets.clips import damage, numbers, write_clip, write_moving

INDICES = [7, 0, 3, 3, 11]


@pytest.mark.parametrize('reader', READERS, ids=lambda reader: reader.__name__)
def test_a_decoder_gives_the_frames_asked_for(tmp_path: Path, reader: object) -> None:
    video = reader(str(write_clip(tmp_path / 'a clip.mp4')))
    assert len(video) == 12
    frames = video.read(INDICES)
    assert numbers(frames) == INDICES
    assert frames[0].shape == (32, 64, 3)


@pytest.mark.parametrize('reader', READERS, ids=lambda reader: reader.__name__)
def test_channels_are_red_green_blue(tmp_path: Path, reader: object) -> None:
    import av
    import numpy as np

    with av.open(str(tmp_path / 'red.mp4'), 'w') as container:
        stream = container.add_stream('libx264', rate=8)
        stream.width = stream.height = 32
        stream.pix_fmt = 'yuv420p'
        red = np.zeros((32, 32, 3), np.uint8)
        red[..., 0] = 220
        frame = av.VideoFrame.from_ndarray(red, format='rgb24')
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    colour = reader(str(tmp_path / 'red.mp4')).read([0])[0].mean((0, 1))
    assert colour[0] > 180 and colour[1] < 60 and colour[2] < 60


def test_a_width_that_decord_opens_but_does_not_decode(tmp_path: Path) -> None:
    file = write_clip(tmp_path / 'narrow.mp4', width=48)
    video = VideoFile(file)
    assert numbers(video.read(INDICES)) == INDICES


def test_another_decoder_where_the_first_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def Absent(path: str) -> readers.Reader:
        raise ModuleNotFoundError("No module named 'decord'")

    monkeypatch.setattr(readers, 'READERS', (Absent, readers.OpenCV))
    video = VideoFile(write_clip(tmp_path / 'a.mp4'))
    assert type(video.reader) is readers.OpenCV
    assert numbers(video.read([2])) == [2]


@pytest.mark.parametrize('content', [b'no video', b'x' * 5000])
def test_a_file_that_is_no_video_names_every_reason(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / 'broken.mp4'
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.mp4' can not be decoded") as caught:
        VideoFile(file)
    for reader in (readers.Decord, readers.PyAV):
        assert f'{reader.__name__}:' in str(caught.value)


def test_a_truncated_video_is_broken(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / 'a.mp4').read_bytes()
    (tmp_path / 'cut.mp4').write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r'cut\.mp4'):
        VideoFile(tmp_path / 'cut.mp4').read([0])


@pytest.mark.parametrize('threads', [1, 4])
def test_damage_is_no_patched_up_frame(
    threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, 'decoder_threads', lambda: threads)
    file = str(damage(write_moving(tmp_path / 'a.mp4')))
    assert len(readers.Decord(file).read(range(40))) == 40, 'decord notices it, too'
    with pytest.raises((DataError, ValueError), match='corrupt|Invalid data'):
        readers.PyAV(file).read(range(40))


def test_a_frame_past_the_end_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='frame 12'):
        VideoFile(write_clip(tmp_path / 'a.mp4')).read([12])


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='no such file'):
        VideoFile(tmp_path / 'a.mp4')


@pytest.mark.parametrize('reader', READERS, ids=lambda reader: reader.__name__)
def test_a_thin_video_is_broken(
    tmp_path: Path, reader: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, 'READERS', (reader,))
    monkeypatch.setattr(size_check, 'SHORT_SIDE', 1300)  # none is as thin as it takes
    file = write_clip(tmp_path / 'thin.mp4', frames=2, width=2048, height=16)
    with pytest.raises(BrokenFileError, match=r"thin\.mp4' has 2048 x 16 pixels: scal"):
        VideoFile(file, sparse=True).read([0])
