"""What passes for a whole clip, and which counts pass for the published ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import pytest

from mmadapt.datasets import streams, video_check
from mmadapt.datasets.readers import VideoFile
from mmadapt.datasets.video_check import (
    check_clip,
    check_clips,
    compare_counts,
    read_in_parts,
)
from mmadapt.errors import DataError
from tests.test_datasets.clips import (
    cut,
    damage,
    numbers,
    write_clip,
    write_moving,
    write_noise,
)

KINDS = [('a.webm', 'libvpx-vp9'), ('a.avi', 'mpeg4'), ('a.mp4', 'libx264')]


@pytest.mark.parametrize(('name', 'codec'), KINDS)
def test_a_whole_clip_has_its_frames(tmp_path: Path, name: str, codec: str) -> None:
    assert check_clip(write_noise(tmp_path / name, 40, codec)) == 40


@pytest.mark.parametrize(('name', 'codec'), KINDS)
def test_half_a_clip_is_found_out(tmp_path: Path, name: str, codec: str) -> None:
    clip = cut(write_noise(tmp_path / name, 40, codec))
    with pytest.raises(DataError, match=r'cut off: \d|can not be decoded'):
        check_clip(clip)
    assert check_clip(clip, decode=False) == 0


def test_damage_that_a_decoder_patches_up(tmp_path: Path) -> None:
    patched = 0
    for share in range(30, 90, 5):  # where it falls in a frame decides what is noticed
        clip = write_noise(tmp_path / f'{share}.avi', 40, 'mpeg4')
        damage(clip, share, share=share / 100)
        with av.open(str(clip)) as container:
            container.streams.video[0].codec_context.options = {'err_detect': 'explode'}
            try:
                whole = len(list(container.decode(video=0))) == 40
            except av.FFmpegError:
                whole = False
        if whole:
            assert check_clip(clip) == 40
            continue
        with pytest.raises(DataError, match='damaged|cut off|can not be decoded'):
            check_clip(clip)
        patched += reads_all(clip, 40)
    assert patched  # which training would not notice


@pytest.mark.parametrize('threads', [1, 4])
def test_what_h264_patches_up_is_damage(
    threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, 'decoder_threads', lambda: threads)
    clip = write_moving(tmp_path / 'a.mp4')
    assert check_clip(clip) == 40
    damage(clip)
    assert reads_all(clip, 40), 'training would notice'
    with pytest.raises(DataError, match='damaged'):
        check_clip(clip)


def reads_all(clip: Path, frames: int) -> bool:
    """Whether the reader of training gives that many frames."""
    try:
        return len(VideoFile(clip).read(range(frames))) == frames
    except DataError:
        return False


def test_missing_empty_and_strange_files(tmp_path: Path) -> None:
    (tmp_path / 'empty.mp4').touch()
    (tmp_path / 'text.mp4').write_text('<html>Not Found</html>' * 100)
    for name, text in (
        ('none', 'missing'),
        ('empty', 'empty'),
        ('text', 'can not be decoded'),
    ):
        with pytest.raises(DataError, match=text):
            check_clip(tmp_path / f'{name}.mp4')


def test_broken_clips_among_whole_ones(tmp_path: Path) -> None:
    files = [write_clip(tmp_path / f'{i}.mp4') for i in range(4)]
    files[2].unlink()
    files[1].write_text('text')
    found = check_clips(files, workers=2)
    assert list(found) == [files[1], files[2]]
    assert found[files[2]] == 'missing'
    assert list(check_clips(files, workers=2, decode=False)) == [files[2]]


def test_an_interrupted_check_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [write_clip(tmp_path / f'{i}.mp4') for i in range(5)]
    files[1].write_text('text')
    jobs = video_check.run_jobs
    decoded: list[Path] = []

    def stopped(job: Any, items: Sequence[Path], *others: Any) -> Iterator[Any]:
        for outcome in jobs(job, items, *others):
            if len(decoded) == 3:
                raise KeyboardInterrupt
            decoded.append(outcome.item)
            yield outcome

    monkeypatch.setattr(video_check, 'run_jobs', stopped)
    journal = tmp_path / 'data' / '.decoded'
    with pytest.raises(KeyboardInterrupt):
        check_clips(files, workers=1, journal=journal)
    before, whole = decoded.copy(), [file for file in decoded if file != files[1]]
    decoded.clear()
    with journal.open('a') as file:
        file.write('99 ')  # a line cut off
    assert list(check_clips(files, workers=1, journal=journal)) == [files[1]]
    assert {*decoded} == {*files} - {*whole}  # the broken one is tried again
    assert f'{len(whole)} clips were decoded' in capsys.readouterr().out
    assert len(before) == 3
    write_clip(files[0], frames=7)  # another clip by now
    decoded.clear()
    check_clips(files, workers=1, journal=journal)
    assert {*decoded} == {*files[:2]}  # in the order in which they end


def test_frames_come_in_order_and_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = VideoFile(write_clip(tmp_path / 'a.mp4', frames=11))
    monkeypatch.setattr(video_check, 'CHUNK', 4 * 32 * 64 * 3)
    parts = [numbers(part) for part in read_in_parts(video)]
    assert parts == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]


def test_counts(capsys: pytest.CaptureFixture[str]) -> None:
    published = {'train': 168_913, 'validation': 24_777}
    compare_counts(dict(published), published, subset=False)
    assert not capsys.readouterr().out
    with pytest.raises(DataError, match='train: 168,912, published: 168,913.*--subset'):
        compare_counts({**published, 'train': 168_912}, published, subset=False)
    compare_counts({**published, 'train': 12}, published, subset=True)
    assert 'train: 12, published: 168,913' in capsys.readouterr().out
