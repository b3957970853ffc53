"""Before anything is computed: one disk, room on it, and one answer of all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from mmadapt.cache.split import Split, make_stores
from mmadapt.cache.together import take_room
from mmadapt.errors import ConfigError

from ..processes import in_processes


def splits(folder: Path, parts: int) -> list[Split]:
    like = torch.zeros(2, 3)
    nothing: Any = None  # no sample is read
    return [
        Split(name, nothing, make_stores(folder, name, {}, [5] * parts, like), 1)
        for name in ('train', 'val')
    ]


def test_the_room_of_both_sets_is_taken_at_once(tmp_path: Path) -> None:
    both = splits(tmp_path / 'kept', 1)
    take_room(both)
    for split in both:
        assert (split.stores[0].missing, split.stores[0].done) == (0, 0)
        data = split.stores[0].folder / 'activations.bin'
        assert data.stat().st_size == 5 * 3 * 4


def test_too_little_room_is_refused_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmadapt.cache import room

    class Usage:
        free = 2 * 5 * 3 * 4 - 1

    monkeypatch.setattr(room.shutil, 'disk_usage', lambda path: Usage)
    with pytest.raises(ConfigError, match='GB are free'):
        take_room(splits(tmp_path / 'kept', 1))
    assert not (tmp_path / 'kept').exists()


def test_a_folder_of_each_machine_is_refused_by_all(tmp_path: Path) -> None:
    def task(rank: int) -> None:
        take_room(splits(tmp_path / f'machine{rank}' / 'kept', 2))

    for text in in_processes(2, task, tmp_path):
        assert text.startswith('ConfigError')
        assert 'process 1 does not see what process 0 has made there' in text


def test_processes_that_share_a_folder_each_take_their_part(tmp_path: Path) -> None:
    def task(rank: int) -> str:
        take_room(splits(tmp_path / 'kept', 2))
        return 'taken'

    assert in_processes(2, task, tmp_path) == ['taken'] * 2
    for split in splits(tmp_path / 'kept', 2):
        assert [store.missing for store in split.stores] == [0, 0]


def test_where_one_has_no_room_all_end(tmp_path: Path) -> None:
    def task(rank: int) -> None:
        def full(*_: Any) -> None:
            raise OSError(errno.ENOSPC, 'No space left on device')

        if rank == 1:
            os.posix_fallocate = full
        take_room(splits(tmp_path / 'kept', 2))

    for text in in_processes(2, task, tmp_path):
        assert text.startswith('StorageError')
        assert 'No space left' in text
