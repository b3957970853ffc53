"""Two calls don't write one folder at the same time."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from mmadapt.datasets.one_writer import LOCK, only_writer
from mmadapt.errors import ConfigError, StorageError
from tests.test_datasets.clips import write_clip
from tests.test_tools.cli import run_tool


def test_a_second_call_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / 'below' / 'store'
    with only_writer(folder):
        with (
            pytest.raises(ConfigError, match='another call is writing there'),
            only_writer(folder),
        ):
            pass
        (folder / 'kept').touch()
    with only_writer(folder):
        assert sorted(file.name for file in folder.iterdir()) == [LOCK, 'kept']
    assert (folder / 'kept').exists()


def test_an_error_lets_the_next_call_in(tmp_path: Path) -> None:
    folder = tmp_path / 'store'
    with pytest.raises(ValueError, match='no'), only_writer(folder):
        raise ValueError('no')
    assert not folder.exists(), 'it was made for nothing'
    with only_writer(folder):
        pass


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    with (
        pytest.raises(StorageError, match='nothing can be written there'),
        only_writer(tmp_path / 'file' / 'store'),
    ):
        pass


def test_a_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, 'No locks available')

    monkeypatch.setattr(fcntl, 'flock', flock)
    with only_writer(tmp_path / 'store'), only_writer(tmp_path / 'store'):
        (tmp_path / 'store' / 'kept').touch()
    assert 'has no locks ([Errno' in capsys.readouterr().out


@pytest.mark.parametrize('tool', ['frame_store', 'reencode'])
def test_the_tools_are_alone(
    tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip(tmp_path / 'data' / 'a.mp4')
    (tmp_path / 'data' / 'train.csv').write_text('a.mp4 0\n')
    arguments = (f'data/{tool}', tmp_path / 'data', tmp_path / 'made')
    with (
        only_writer(tmp_path / 'made'),
        pytest.raises(ConfigError, match='another call'),
    ):
        run_tool(monkeypatch, *arguments)
    run_tool(monkeypatch, *arguments)
    made = {file.name for file in (tmp_path / 'made').iterdir()}
    assert len(made - {LOCK}) > 1


def test_the_lock_is_the_groups_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with only_writer(tmp_path):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / LOCK).stat().st_mode & 0o777 == 0o666
    with only_writer(tmp_path):
        pass
