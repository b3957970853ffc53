"""Files are whole or as they were, and nothing goes before its successor is there."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.fileio import get_file_backend
from mmengine.fileio.backends import LocalBackend

from mmadapt.errors import StorageError
from mmadapt.hooks import storage
from mmadapt.hooks.storage import AtomicLocalBackend, LateRemoval, write_whole


def test_a_file_is_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_whole(b'new', tmp_path / 'deep' / 'file')
    write_whole(b'newer', tmp_path / 'deep' / 'file')
    assert (tmp_path / 'deep' / 'file').read_bytes() == b'newer'
    assert [path.name for path in (tmp_path / 'deep').iterdir()] == ['file']


def test_a_failing_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_whole(b'old', tmp_path / 'file')

    def full(_: int) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match='No space left'):
        write_whole(b'new', tmp_path / 'file')
    assert (tmp_path / 'file').read_bytes() == b'old'
    assert [path.name for path in tmp_path.iterdir()] == ['file']


def test_no_folder_is_opened_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, 'Permission denied')

    windows = SimpleNamespace(
        name='nt', getpid=os.getpid, fsync=os.fsync, open=refused, O_RDONLY=0
    )
    monkeypatch.setattr(storage, 'os', windows)
    write_whole(b'new', tmp_path / 'file')
    assert (tmp_path / 'file').read_bytes() == b'new'


def test_mmengine_finds_the_backend_by_name(tmp_path: Path) -> None:
    options = {'backend': 'mmadapt.AtomicLocalBackend'}
    backend = get_file_backend(str(tmp_path), backend_args=options)
    assert type(backend) is AtomicLocalBackend
    backend.put(b'content', tmp_path / 'file')
    assert backend.get(tmp_path / 'file') == b'content'


@pytest.fixture
def backend() -> LateRemoval:
    return LateRemoval(LocalBackend())


def test_removal_waits_for_the_end(tmp_path: Path, backend: LateRemoval) -> None:
    old = tmp_path / 'old'
    old.write_text('')
    with backend.waits(list):
        with backend.waits(list):
            backend.remove(str(old))
        assert old.exists()
    assert not old.exists()


def test_after_an_error_nothing_is_removed(
    tmp_path: Path, backend: LateRemoval
) -> None:
    old = tmp_path / 'old'
    old.write_text('')

    def save() -> None:
        with backend.waits(list):
            backend.remove(str(old))
            raise OSError('disk full')

    with pytest.raises(OSError, match='disk full'):
        save()
    with backend.waits(list):
        pass
    assert old.exists()


def test_a_file_written_anew_under_its_old_name_stays(
    tmp_path: Path, backend: LateRemoval
) -> None:
    best = tmp_path / 'best.pth'
    best.write_text('old')
    with backend.waits(lambda: [str(best)]):
        backend.remove(str(best))
        best.write_text('new')
    assert best.read_text() == 'new'


def test_outside_it_removes_at_once(tmp_path: Path, backend: LateRemoval) -> None:
    (tmp_path / 'old').write_text('')
    backend.remove(str(tmp_path / 'old'))
    assert not (tmp_path / 'old').exists()
    assert backend.isfile(str(tmp_path / 'old')) is False


def test_a_full_disk_is_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(StorageError, match=r'epoch_1.*No space left.*--resume'):
        AtomicLocalBackend().put(b'new', tmp_path / 'epoch_1.pth')
    assert not list(tmp_path.iterdir())
