"""Rows that are read need nothing that writing needs."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.structures import BaseDataElement

from mmadapt.cache import CachedDataset, Store
from mmadapt.cache.fill import fill, take
from mmadapt.cache.rows import map_rows
from mmadapt.errors import StorageError

LABEL: dict[str, Any] = {'fields': {}, 'metainfo': {}}
NOBODY = 65534


def kept(folder: Path, rows: int = 3) -> Store:
    return Store(folder / f'train-{rows}', {}, rows, (2,), torch.bfloat16)


def use() -> None:
    """What a run does with a whole store, and with one that lacks rows."""
    nothing: Any = None
    take(kept(Path()))
    fill(nothing, kept(Path()), [], 'whole')
    data = CachedDataset([kept(Path())], BaseDataElement, 1, nothing)
    assert [data[index]['inputs'].tolist() for index in range(3)] == [[1.5, 1.5]] * 3
    with pytest.raises(StorageError, match=r"can't be written there.*another folder"):
        take(kept(Path(), rows=4))


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='no processes that drop rights')
def test_a_whole_store_is_used_where_nothing_can_be_written(tmp_path: Path) -> None:
    store = kept(tmp_path)
    store.create()
    store.open()[:] = 1.5
    store.finish([LABEL] * 3, 3)
    for path in (tmp_path, *tmp_path.rglob('*')):
        path.chmod(0o555 if path.is_dir() else 0o444)

    def work() -> None:
        os.chdir(tmp_path)  # what holds it may be closed to others
        if os.geteuid() == 0:  # who may write everywhere
            os.setuid(NOBODY)
        use()

    process = multiprocessing.get_context('fork').Process(target=work)
    process.start()
    process.join()
    assert process.exitcode == 0


def test_more_rows_are_read_than_the_memory_holds(tmp_path: Path) -> None:
    file = tmp_path / 'rows.bin'
    count = 1 << 40  # two bytes each, all in a hole
    try:
        with file.open('wb') as opened:
            opened.truncate(2 * count)
    except OSError:
        pytest.skip('the file system has no files so large')
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        rows = map_rows(file, (count // 4, 4), torch.bfloat16, writes=False)
    assert rows[-1].tolist() == [0] * 4


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / 'rows.bin'
    file.write_bytes(bytes(24))
    written = map_rows(file, (2, 3), torch.float32, writes=True)
    read = map_rows(file, (2, 3), torch.float32, writes=False)
    written[:] = torch.arange(6.0).view(2, 3)
    assert torch.equal(read, written)
    assert map_rows(file, (0, 3), torch.float32, writes=False).shape == (0, 3)
