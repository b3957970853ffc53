"""A clip that is cut off is known before it is decoded; no whole one is."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmadapt.datasets.container_check import missing_bytes
from mmadapt.datasets.readers import VideoFile
from mmadapt.errors import BrokenFileError
from tests.test_datasets.clips import write_clip, write_noise

KINDS = [
    ('a.mp4', 'libx264'),
    ('a.mov', 'libx264'),
    ('a.webm', 'libvpx-vp9'),
    ('a.mkv', 'libx264'),
    ('a.avi', 'mpeg4'),
]


@pytest.mark.parametrize(('name', 'codec'), KINDS)
def test_as_many_as_were_cut_off(tmp_path: Path, name: str, codec: str) -> None:
    whole = write_noise(tmp_path / name, 40, codec).read_bytes()
    assert missing_bytes(str(tmp_path / name)) == 0
    assert len(VideoFile(tmp_path / name)) == 40
    for share in (0.2, 0.5, 0.9):
        cut = tmp_path / f'{share}{name}'
        cut.write_bytes(whole[: int(share * len(whole))])
        assert missing_bytes(str(cut)) == len(whole) - int(share * len(whole))
        with pytest.raises(BrokenFileError, match='is cut off'):
            VideoFile(cut)


@pytest.mark.parametrize('name', ['a.mpg', 'a.ts', 'a.flv'])
def test_containers_that_do_not_say(tmp_path: Path, name: str) -> None:
    codec = {'a.mpg': 'mpeg1video', 'a.ts': 'mpeg2video', 'a.flv': 'flv1'}[name]
    try:
        file = write_clip(tmp_path / name, codec=codec)
    except ValueError:
        file = tmp_path / name
        file.write_bytes(b'\x47' * 1000)
    assert missing_bytes(str(file)) == 0


def test_what_follows_the_last_box(tmp_path: Path) -> None:
    file = write_clip(tmp_path / 'a.mp4')
    whole = file.read_bytes()
    for rest in (b'\0' * 100, b'junk' * 100, b'\0\0\xff\xffmore' * 3):
        file.write_bytes(whole + rest)
        assert missing_bytes(str(file)) == 0
        assert len(VideoFile(file)) == 12


def test_a_stream_does_not_know_its_length(tmp_path: Path) -> None:
    import av

    options = {'live': '1'}
    with av.open(str(tmp_path / 'a.webm'), 'w', options=options) as container:
        stream = container.add_stream('libvpx', rate=8)
        stream.width = stream.height = 32
        stream.pix_fmt = 'yuv420p'
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame(32, 32, 'yuv420p')))
        container.mux(stream.encode())
    assert missing_bytes(str(tmp_path / 'a.webm')) == 0


@pytest.mark.parametrize(
    'content',
    [b'RIFF', b'RIFF\0\0\0\0AVI ', b'\x1a\x45\xdf\xa3', b'\0\0\0\x02mdat', b'x'],
)
def test_heads_of_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / 'a').write_bytes(content)
    assert missing_bytes(str(tmp_path / 'a')) in (0, 4)
