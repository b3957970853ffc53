"""tools/data/reencode.py: a folder that trains like the first one, only faster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mmadapt.datasets.lists import read_list
from mmadapt.datasets.readers import VideoFile
from mmadapt.errors import ConfigError, DataError
from tests.test_datasets.clips import numbers, write_clip
from tests.test_tools.cli import run_tool


@pytest.fixture
def encode(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return lambda *argv: run_tool(monkeypatch, 'data/reencode', '--workers', 2, *argv)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Clips found in each of the ways that training finds them, and two splits."""
    root = tmp_path / 'data'
    write_clip(root / 'clips' / 'a [1];#.avi', 21, codec='mpeg4')
    write_clip(root / 'train' / 'b.webm', 12, codec='libvpx-vp9')
    write_clip(tmp_path / 'far' / 'c.mp4', 5)
    (root / 'train.csv').write_text(
        f'clips/a [1];#.avi 0\nb.webm 1\n{tmp_path}/far/c.mp4 1\n'
    )
    (root / 'split2').mkdir()
    (root / 'split2' / 'val.txt').write_text(f'{root}/clips/a [1];#.avi 0\n')
    (root / 'classes.txt').write_text('walk\nrun\n')
    return root


def files(root: Path) -> dict[str, tuple[bytes, int]]:
    return {
        p.relative_to(root).as_posix(): (p.read_bytes(), p.stat().st_mtime_ns)
        for p in root.rglob('*')
        if p.is_file()
    }


def test_a_folder_with_the_same_lists(
    source: Path,
    tmp_path: Path,
    encode: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, target = files(source), tmp_path / 'fast'
    encode(source, target)
    assert files(source) == before
    far = f'outside/{tmp_path.relative_to("/")}/far/c.mp4'
    train = [(e.path, e.label) for e in read_list(target / 'train.csv')]
    assert train == [('clips/a [1];#.mp4', 0), ('train/b.mp4', 1), (far, 1)]
    val = (target / 'split2' / 'val.txt').read_text()
    assert val == 'clips/a [1];#.mp4 0\n'
    assert (target / 'classes.txt').read_text() == 'walk\nrun\n'
    counts = [len(VideoFile(target / path)) for path, _ in train]
    assert counts == [21, 12, 5]
    assert numbers(VideoFile(target / train[1][0]).read(range(12))) == list(range(12))
    assert '3 encoded, 0 already there, 0 failed' in capsys.readouterr().out

    there = files(target)
    (target / train[2][0]).unlink()
    encode(source, target)
    assert '1 encoded, 2 already there, 0 failed' in capsys.readouterr().out
    again = files(target)
    assert again.keys() == there.keys()
    assert again['train/b.mp4'] == there['train/b.mp4']


def test_a_target_inside_the_source(source: Path, encode: Callable[..., None]) -> None:
    for _ in range(2):
        encode(source, source / 'fast')
    assert not (source / 'fast' / 'fast').exists()


def test_names_that_would_meet_stay_apart(
    tmp_path: Path, encode: Callable[..., None]
) -> None:
    write_clip(tmp_path / 'in' / 'a.avi', 3, codec='mpeg4')
    write_clip(tmp_path / 'in' / 'a.mp4', 4)
    (tmp_path / 'in' / 'mine.txt').write_text('a.avi 0\na.mp4 0\n')
    encode(tmp_path / 'in', tmp_path / 'out', '--lists', 'mine.txt')
    names = [e.path for e in read_list(tmp_path / 'out' / 'mine.txt')]
    assert names == ['a.avi.mp4', 'a.mp4.mp4']
    assert [len(VideoFile(tmp_path / 'out' / name)) for name in names] == [3, 4]


def test_names_made_of_names_stay_apart_too(
    tmp_path: Path, encode: Callable[..., None]
) -> None:
    root, target = tmp_path / 'in', tmp_path / 'out'
    clips = {
        'a.webm': (3, 'libvpx-vp9'),
        'a.mp4': (4, 'libx264'),
        'a.webm.mp4': (5, 'libx264'),
        f'outside{tmp_path}/far/c.mp4': (6, 'libx264'),
    }
    for name, (count, codec) in clips.items():
        write_clip(root / name, count, codec=codec)
    write_clip(tmp_path / 'far' / 'c.mp4', 7)
    lines = [f'{name} 0\n' for name in [*clips, f'{tmp_path}/far/c.mp4']]
    (root / 'train.txt').write_text(''.join(lines))
    for _ in range(2):
        encode(root, target)
        names = [e.path for e in read_list(target / 'train.txt')]
        found = [len(VideoFile(target / name)) for name in names]
        assert found == [3, 4, 5, 6, 7]


def test_a_later_call_takes_no_file_of_an_earlier_one(
    tmp_path: Path, encode: Callable[..., None]
) -> None:
    root, target = tmp_path / 'in', tmp_path / 'out'
    write_clip(root / 'a.avi', 3, codec='mpeg4')
    write_clip(root / 'a.mp4', 4)
    (root / 'one.txt').write_text('a.avi 0\n')
    (root / 'two.txt').write_text('a.mp4 1\n')
    encode(root, target, '--lists', 'one.txt')
    with pytest.raises(DataError, match=r"made from 'a\.avi'.*--lists A B"):
        encode(root, target, '--lists', 'two.txt')
    assert len(VideoFile(target / 'a.mp4')) == 3
    encode(root, target, '--lists', 'one.txt', 'two.txt')
    for name, count in (('one.txt', 3), ('two.txt', 4)):
        entry = read_list(target / name)[0]
        assert len(VideoFile(target / entry.path)) == count


def test_failures_are_listed(
    source: Path, tmp_path: Path, encode: Callable[..., None]
) -> None:
    (source / 'train' / 'b.webm').write_bytes(b'broken')
    target = tmp_path / 'fast'
    with pytest.raises(DataError, match=r'1 of 3 clips are broken.*b\.webm'):
        encode(source, target)
    named = (target / 'broken_clips.txt').read_text()
    assert named.startswith(f'{source}/train/b.webm\t')
    assert not (target / 'train.csv').exists()
    encode(source, target, '--skip-broken')
    assert len(read_list(target / 'train.csv')) == 2


def test_the_originals_folder_is_refused(
    source: Path, tmp_path: Path, encode: Callable[..., None]
) -> None:
    (tmp_path / 'link').symlink_to(source)
    for target in (source, tmp_path / 'link'):
        with pytest.raises(ConfigError, match='folder of the originals'):
            encode(source, target)


def test_no_list_is_an_error(tmp_path: Path, encode: Callable[..., None]) -> None:
    with pytest.raises(DataError, match='holds no list'):
        encode(tmp_path, tmp_path / 'fast')
    with pytest.raises(DataError, match='no list .*own.txt'):
        encode(tmp_path, tmp_path / 'fast', '--lists', 'own.txt')
