"""What files and pictures say of themselves, and what every reader makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmadapt.datasets.data_files import look_at
from mmadapt.datasets.held import held_pictures
from mmadapt.datasets.packets import LeftToOthersError, Packets
from mmadapt.datasets.readers import Decord, PyAV, VideoFile
from mmadapt.datasets.sparse import SparsePyAV
from mmadapt.datasets.video_check import check_clip
from mmadapt.datasets.video_encode import Encoding, encode_clip
from tests.test_datasets.clips import write_clip, write_moving
from tests.test_datasets.remuxing import (
    GRAIN,
    ON_ITS_SIDE,
    join,
    remux,
    replace,
    table,
)

SHORT = {'gop': 12, 'options': {'x264-params': 'bframes=3:b-adapt=0'}}


def one_by_one(file: Path) -> list[np.ndarray]:
    """Each frame as a sample of it alone gives it."""
    count = len(VideoFile(file, sparse=True))
    return [VideoFile(file, sparse=True).read([index])[0] for index in range(count)]


@pytest.mark.parametrize('begin', [5, 12, 15, 30])
def test_a_part_cut_out_without_encoding_it_anew(begin: int, tmp_path: Path) -> None:
    """It begins at the key frame in front, and hides what comes before the cut."""
    whole = write_moving(tmp_path / 'whole.mp4', **SHORT)
    file = remux([whole], tmp_path / 'part.mp4', shift=-begin)
    frames = Decord(str(whole)).read(range(begin, 40))
    assert len(SparsePyAV(str(file))) == len(PyAV(str(file))) == 40 - begin
    assert np.array_equal(one_by_one(file), frames)
    video = VideoFile(file)
    assert np.array_equal(video.read(range(40 - begin)), frames)
    assert check_clip(file) == 40 - begin
    encode_clip(file, tmp_path / 'encoded.mp4', Encoding())
    assert len(VideoFile(tmp_path / 'encoded.mp4')) == 40 - begin
    assert video.failures == []


def test_decord_is_not_asked_for_what_is_hidden(tmp_path: Path) -> None:
    whole = write_moving(tmp_path / 'whole.mp4', **SHORT)
    file = str(remux([whole], tmp_path / 'part.mp4', shift=-5))
    with pytest.raises(LeftToOthersError, match='hides pictures'):
        Decord(file)
    assert len(Decord(str(remux([whole], tmp_path / 'same.mp4')))) == 40


@pytest.mark.parametrize('ending', ['mp4', 'mkv'])
def test_times_that_are_those_of_decoding(ending: str, tmp_path: Path) -> None:
    """As recorders write them that know no other: the pictures' order is lost."""

    def forget(packet: Any) -> None:
        packet.pts = packet.dts

    whole = write_moving(tmp_path / 'whole.mp4', **SHORT)
    file = remux([whole], tmp_path / f'a.{ending}', shift=3, change=forget)
    with pytest.raises(LeftToOthersError, match='order of pictures'):
        Packets(str(file))
    frames = Decord(str(whole)).read(range(40))
    # Of the last one of such a clip decord gives now and then the one in front.
    assert np.array_equal(one_by_one(file)[:-1], frames[:-1])


def test_pictures_that_come_as_they_are_shown(tmp_path: Path) -> None:
    """By an encoder that may reorder them, and had no reason to: it looks the same."""
    file = write_clip(tmp_path / 'a.mp4', params='bframes=3:b-adapt=1')
    with pytest.raises(LeftToOthersError, match='order of pictures'):
        Packets(str(file))
    whole = Decord(str(file)).read(range(12))
    assert np.array_equal(one_by_one(file), whole)
    file = write_clip(tmp_path / 'b.mp4', params='bframes=0')
    assert type(VideoFile(file, sparse=True).reader) is SparsePyAV


def test_times_of_decoding_that_were_copied_into_an_mp4(tmp_path: Path) -> None:
    """Where those of decoding are put in front of them, as if they were others."""

    def forget(packet: Any) -> None:
        packet.pts = packet.dts

    whole = write_moving(tmp_path / 'whole.mp4', **SHORT)
    between = remux([whole], tmp_path / 'a.mkv', shift=3, change=forget)
    file = remux([between], tmp_path / 'a.mp4')
    with pytest.raises(LeftToOthersError, match='order of pictures'):
        Packets(str(file))


PICTURES: dict[str, Callable[[Path, Path], Path]] = {
    'grain': lambda source, folder: remux([source], folder / 'a.mp4', prefix=GRAIN),
    'turned each': lambda source, folder: remux(
        [source], folder / 'a.mp4', prefix=ON_ITS_SIDE
    ),
    'turned mkv': lambda source, folder: remux([source], folder / 'a.mkv', turned=90),
    'turned mp4': lambda source, folder: remux([source], folder / 'a.mp4', turned=90),
    'both': lambda source, folder: remux(
        [source], folder / 'a.mp4', prefix=ON_ITS_SIDE, turned=90
    ),
    'later': lambda source, folder: remux(
        [source], folder / 'a.mp4', prefix=(b'',) * 12 + (ON_ITS_SIDE,)
    ),
}
TURNED = ('turned mp4', 'both')


@pytest.mark.parametrize('kind', PICTURES)
def test_every_reader_shows_the_same(kind: str, tmp_path: Path) -> None:
    source = write_moving(tmp_path / 'whole.mp4', size=(96, 64), **SHORT)
    file = PICTURES[kind](source, tmp_path)
    frames = Decord(str(file)).read(range(40))
    assert (frames[0].shape == (96, 64, 3)) is (kind in TURNED)
    assert np.array_equal(one_by_one(file), frames)
    video = VideoFile(file, sparse=True)
    video.read([7])
    assert type(video.reader) is SparsePyAV
    assert video.failures == [], 'nothing is wrong with it'
    assert np.array_equal(PyAV(str(file)).read(range(40)), frames), 'alone'


def test_the_grain_would_show(tmp_path: Path) -> None:
    """Else the test above would say nothing."""
    import av

    source = write_moving(tmp_path / 'whole.mp4', size=(96, 64), **SHORT)
    with av.open(str(PICTURES['grain'](source, tmp_path))) as container:
        shown = [f.to_ndarray(format='rgb24') for f in container.decode(video=0)]
    assert not np.array_equal(shown, Decord(str(source)).read(range(40)))


def test_clips_that_were_joined(tmp_path: Path) -> None:
    """Decoding can't start behind the place where their parameters change."""
    parts = [
        write_moving(
            tmp_path / f'{quality}.mp4', frames=24, gop=8,
            options={'x264-params': f'bframes=0:qp={quality}'},
        )
        for quality in (18, 40)
    ]  # fmt: skip
    file = join(*parts, tmp_path / 'joined.mp4')
    frames = [frame for part in parts for frame in PyAV(str(part)).read(range(24))]
    assert Packets(str(file)).starts == [True] + [False] * 47
    assert np.array_equal(one_by_one(file), frames)


def test_parts_are_read_one_behind_the_other(tmp_path: Path) -> None:
    """And not from the start of the file each."""
    whole = write_moving(tmp_path / 'whole.mp4', **SHORT)
    video = VideoFile(remux([whole], tmp_path / 'part.mp4', shift=-5))
    assert type(video.reader) is SparsePyAV
    frames = Decord(str(whole)).read(range(5, 40))
    parts = [video.read(range(start, start + 7)) for start in range(0, 35, 7)]
    assert np.array_equal(np.concatenate(parts), frames)


def test_parts_of_clips_that_say_how_they_are_shown(tmp_path: Path) -> None:
    """Whose key picture is hidden."""
    whole = write_moving(tmp_path / 'whole.mp4', size=(96, 64), **SHORT)
    parts = [
        remux([whole], tmp_path / f'{bool(p)}.mp4', shift=-5, prefix=p, turned=turned)
        for p, turned in ((ON_ITS_SIDE, 0), (b'', 90))
    ]
    frames = np.array(Decord(str(whole)).read(range(5, 40)))
    for file, shown in zip(parts, (frames, np.rot90(frames, axes=(1, 2))), strict=True):
        assert np.array_equal(one_by_one(file), shown)
        assert np.array_equal(PyAV(str(file)).read(range(35)), shown)


def test_the_header_tells_what_is_hidden(tmp_path: Path) -> None:
    """A file of hours isn't read for it, but for one that has a header a fragment."""
    whole = write_moving(tmp_path / 'whole.mp4', **SHORT)
    options = {'movflags': 'faststart'}
    file = remux([whole], tmp_path / 'part.mp4', shift=-5, options=options)
    assert held_pictures(str(file)) == (35, 5)
    content = file.read_bytes()
    file.write_bytes(content[: content.index(b'mdat') + 1024])
    assert held_pictures(str(file)) == (35, 5), 'the pictures themselves were read'
    options = {'movflags': 'frag_keyframe+empty_moov+default_base_moof'}
    fragments = remux([whole], tmp_path / 'fragments.mp4', options=options)
    assert b'moof' in fragments.read_bytes()
    assert held_pictures(str(fragments)) == (40, 0)
    # Of events, a box that few know; behind it the rest is in fragments, or isn't.
    content = fragments.read_bytes()
    place = content.index(b'moof') - 4
    event = b'\0\0\0\x0cemsg\0\0\0\0'
    fragments.write_bytes(content[:place] + event + content[place:])
    assert held_pictures(str(fragments)) == (40, 0)
    assert held_pictures(str(remux([whole], tmp_path / 'a.mkv'))) is None


def test_a_picture_of_no_bytes_is_none(tmp_path: Path) -> None:
    """Of which a header can tell."""
    file = remux([write_moving(tmp_path / 'whole.mp4', **SHORT)], tmp_path / 'a.mp4')
    content = bytearray(file.read_bytes())
    sizes = bytearray(table(content, b'stsz')[8:])
    sizes[-4:] = bytes(4)
    replace(content, b'stsz', bytes(sizes))
    file.write_bytes(content)
    assert held_pictures(str(file)) == (39, 0)


@pytest.mark.parametrize('codec', ['qtrle', 'cinepak', 'rawvideo', 'msmpeg4v3'])
def test_old_codecs_of_quicktime(codec: str, tmp_path: Path) -> None:
    """Decoders of which need to know more than what stands in front of the pictures."""
    import av

    file = tmp_path / 'a.mov'
    with av.open(str(file), 'w') as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = 'yuv420p' if codec == 'msmpeg4v3' else 'rgb24'
        for number in range(6):
            pixels = np.full((48, 64, 3), 40 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format='rgb24')
            container.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
        container.mux(stream.encode())
    frames = PyAV(str(file)).read([0, 5])
    assert [round(float(frame.mean()), -1) for frame in frames] == [0, 200]
    assert len(VideoFile(file).read([5])) == 1


def test_an_old_clip_of_quicktime_hides_pictures_too(tmp_path: Path) -> None:
    whole = write_moving(tmp_path / 'whole.mp4', **SHORT)
    file = remux([whole], tmp_path / 'part.mp4', shift=-5)
    file.write_bytes(file.read_bytes().replace(b'ftyp', b'free', 1))
    video = VideoFile(file)
    assert np.array_equal(video.read(range(35)), Decord(str(whole)).read(range(5, 40)))


def test_a_title_in_another_alphabet(tmp_path: Path) -> None:
    file = write_moving(tmp_path / 'a.mp4', title='caf_', **SHORT)
    content = file.read_bytes()
    assert content.count(b'caf_') == 1
    file.write_bytes(content.replace(b'caf_', b'caf\xe9'))
    for sparse in (False, True):
        assert len(VideoFile(file, sparse=sparse).read([0, 39])) == 2
    assert len(PyAV(str(file)).read([0, 39])) == 2
    assert check_clip(file) == 40
    assert encode_clip(file, tmp_path / 'b.mp4', Encoding())
    assert look_at((str(file), 'clip')).notes == ()
