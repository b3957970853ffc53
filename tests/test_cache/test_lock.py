"""A folder of kept activations is one process's at a time, or refused."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from mmadapt.cache.lock import alone
from mmadapt.errors import StorageError

fcntl = pytest.importorskip('fcntl', reason='no such locks on Windows')


@pytest.mark.parametrize(
    'code', [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS], ids=errno.errorcode.get
)
def test_a_file_system_without_locks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def none(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, 'flock', none)
    with (
        pytest.raises(StorageError, match=r'its file system has no locks .*another'),
        alone(tmp_path / 'kept' / 'train-0'),
    ):
        pytest.fail('entered')
    assert list((tmp_path / 'kept').iterdir()) == [], 'nothing is left there'


def test_a_folder_that_can_not_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, '_mkstemp_inner', refused)
    monkeypatch.setattr(os, 'open', refused)
    with (
        pytest.raises(StorageError, match=r"kept: .* can't be written there"),
        alone(tmp_path / 'kept' / 'train-0'),
    ):
        pytest.fail('entered')


def test_it_is_free_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with alone(tmp_path / 'kept' / 'train-0'):
            pass
