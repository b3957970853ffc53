"""Room on a disk is counted before, and taken for real."""

from __future__ import annotations

import errno
import os
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from mmadapt.cache import room
from mmadapt.errors import ConfigError

Usage = namedtuple('Usage', 'total used free')


def unsupported(*_: Any) -> None:
    raise OSError(errno.EOPNOTSUPP, 'not on this file system')


def test_more_than_is_free_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(
        room.shutil, 'disk_usage', lambda path: asked.append(path) or Usage(0, 0, 100)
    )
    room.check_room(tmp_path / 'a' / 'kept', 100)
    with pytest.raises(ConfigError, match=r'1\.01e-07 GB more, and 1e-07 GB are free'):
        room.check_room(tmp_path / 'a' / 'kept', 101)
    assert asked == [tmp_path, tmp_path], 'the folder that is there'


@pytest.mark.parametrize('way', ['allocated', 'written', 'without'])
@pytest.mark.parametrize('start', [0, 5000])
def test_a_file_has_its_bytes_and_keeps_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, start: int
) -> None:
    if way == 'written':
        monkeypatch.setattr(os, 'posix_fallocate', unsupported, raising=False)
    elif way == 'without':
        monkeypatch.delattr(os, 'posix_fallocate', raising=False)
    file = tmp_path / 'data.bin'
    if start:
        file.write_bytes(b'x' * start)
    assert room.taken(tmp_path / 'none') == 0
    room.allocate(file, 10**6, start)
    assert file.read_bytes() == b'x' * start + bytes(10**6 - start)
    assert room.taken(file) == 10**6


def test_a_full_disk_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'posix_fallocate', full, raising=False)
    with pytest.raises(OSError, match='No space left'):
        room.allocate(tmp_path / 'data.bin', 100)


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='no such device')
def test_zeros_that_can_not_be_written_are_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, 'posix_fallocate', raising=False)
    with pytest.raises(OSError, match='No space left'):
        room.allocate(Path('/dev/full'), 100)
