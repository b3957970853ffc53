"""A store of frames is made whole, wherever the calls before have ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from mmadapt.datasets import frame_build, video_lists
from mmadapt.datasets.frame_build import JOURNAL, StoreBuilder
from mmadapt.datasets.frame_format import FrameFormat
from mmadapt.datasets.frame_store import INDEX, FrameStore
from mmadapt.datasets.video_jobs import Outcome, attempt
from mmadapt.errors import ConfigError, DataError, StorageError
from tests.test_datasets.clips import write_clip

RAW = FrameFormat('raw')


class PowerCut(BaseException):
    """What nobody catches."""


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many clips each call gets done before it is cut off; processes stay out."""
    left: list[int] = []

    def run_here(job: Any, items: Any, *_: Any) -> Iterator[Outcome]:
        done = left.pop(0) if left else None
        for item in islice(items, done):
            yield Outcome(item, *attempt(job, item))
        if done is not None:
            raise PowerCut

    monkeypatch.setattr(frame_build, 'run_jobs', run_here)
    return left


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, Path]:
    return {f'{n}.mp4': write_clip(tmp_path / 'in' / f'{n}.mp4', 3) for n in 'abcd'}


def make(folder: Path, clips: dict[str, Path]) -> int:
    builder = StoreBuilder(folder, RAW, clips, 1)
    kept = builder.build()
    builder.finish()
    return kept


def tear(folder: Path) -> None:
    """End the notes in the midst of a line."""
    with (folder / JOURNAL).open('a') as file:
        file.write('["d.mp4", [15, 32')


def test_two_interruptions(
    tmp_path: Path, clips: dict[str, Path], outcomes: list[int]
) -> None:
    folder = tmp_path / 'out'
    outcomes += [1, 2]
    for _ in range(2):
        with pytest.raises(PowerCut):
            make(folder, clips)
        tear(folder)
    assert make(folder, clips) == 1
    assert set(FrameStore.read(folder).clips) == set(clips)
    assert not (folder / JOURNAL).exists()


@pytest.mark.parametrize('content', ['[]', '{"frame_store": 2}', '{"my": "own"}'])
def test_an_index_of_something_else_stays(
    content: str, tmp_path: Path, clips: dict[str, Path]
) -> None:
    """Of another program, or of a later release, which may name more clips."""
    folder = tmp_path / 'out'
    make(folder, clips)
    (folder / INDEX).write_text(content)
    with pytest.raises(ConfigError, match='another program, or a later release'):
        make(folder, clips)
    assert (folder / INDEX).read_text() == content


@pytest.mark.parametrize('content', ['', '{"frame_store": 1, "cli', '\0' * 50])
def test_a_damaged_index(
    content: str,
    tmp_path: Path,
    clips: dict[str, Path],
    outcomes: list[int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / 'out'
    make(folder, clips)
    for file in folder.glob('frames/*'):
        file.write_bytes(b'x' * file.stat().st_size)  # nothing says that it is whole
    (folder / INDEX).write_text(content)
    with pytest.raises(DataError, match='again, which makes the store whole'):
        FrameStore.read(folder)
    outcomes += [1]
    with pytest.raises(PowerCut):
        make(folder, clips)
    capsys.readouterr()
    assert make(folder, clips) == 3, 'the notes hold the first one'
    assert 'index.json can not be read: the frames are made' in capsys.readouterr().out
    assert set(FrameStore.read(folder).clips) == set(clips)
    assert all(b'NUMPY' in file.read_bytes() for file in folder.glob('frames/*'))
    assert make(folder, clips) == 0


def test_the_index_is_on_the_disk_before_its_name(
    tmp_path: Path,
    clips: dict[str, Path],
    outcomes: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    builder = StoreBuilder(tmp_path / 'out', RAW, clips, 1)
    builder.build()
    steps: list[Any] = []

    def sync(descriptor: int) -> None:
        steps.append(os.fstat(descriptor).st_size)

    def replace(source: Path, target: Path) -> None:
        steps.append(target.name)
        source.rename(target)

    monkeypatch.setattr(video_lists.os, 'fsync', sync)
    monkeypatch.setattr(video_lists.os, 'replace', replace)
    builder.finish()
    assert steps == [(tmp_path / 'out' / INDEX).stat().st_size, INDEX]


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='of Linux')
@pytest.mark.parametrize('name', [JOURNAL, f'.{INDEX}.partial'])
def test_no_room_for_notes_and_index(
    name: str, tmp_path: Path, clips: dict[str, Path], outcomes: list[int]
) -> None:
    folder = tmp_path / 'out'
    folder.mkdir()
    (folder / name).symlink_to('/dev/full')
    with pytest.raises(StorageError, match='No space left.*what is there stays'):
        make(folder, clips)
    (folder / name).unlink(missing_ok=True)
    make(folder, clips)
    assert set(FrameStore.read(folder).clips) == set(clips)
