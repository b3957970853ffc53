"""The files of kept activations: whole, of their key, and safe to go on with."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.logging import MMLogger

from mmadapt.cache import CachedDataset, Store
from mmadapt.errors import DataError, StorageError

LABEL = {'fields': {'gt_label': {'dtype': 'int64', 'values': [1]}}, 'metainfo': {}}


def store(folder: Path, rows: int = 4) -> Store:
    return Store(folder / 'kept', {'trunk': 'a'}, rows, (2, 3), torch.bfloat16)


def test_rows_come_back_by_a_later_process(tmp_path: Path) -> None:
    first = store(tmp_path)
    first.create()
    rows = torch.randn(4, 2, 3).bfloat16()
    first.open()[:] = rows
    first.finish([LABEL] * 4, 4)
    again = store(tmp_path)
    assert again.done == 4
    assert again.size == 4 * 6 * 2 == (tmp_path / 'kept/activations.bin').stat().st_size
    assert torch.equal(again.open(), rows)
    assert list(again.read_labels()) == [LABEL] * 4


def test_what_was_not_noted_is_not_there(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.create()
    kept.finish([LABEL] * 2, 2)
    with (tmp_path / 'kept/labels.jsonl').open('a') as file:
        file.write('{"half of a li')
    assert kept.done == 2
    kept.cut_labels()
    kept.finish([LABEL] * 2, 4)
    assert list(kept.read_labels()) == [LABEL] * 4


@pytest.mark.parametrize(
    'change',
    [{'key': {'trunk': 'b'}}, {'rows': 5}, {'dtype': torch.float16}],
    ids=['key', 'rows', 'dtype'],
)
def test_another_key_is_made_anew(tmp_path: Path, change: dict[str, object]) -> None:
    old = store(tmp_path)
    old.create()
    old.finish([LABEL] * 4, 4)
    new = replace(old, **change)  # type: ignore[arg-type]
    assert new.done == 0
    new.create()
    assert old.done == new.done == 0
    assert list(new.read_labels()) == []


def test_a_file_cut_short_is_made_anew(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.create()
    kept.finish([LABEL] * 4, 4)
    (tmp_path / 'kept/activations.bin').write_bytes(b'short')
    assert kept.done == 0


@pytest.mark.parametrize('name', ['key.json', 'done.json', 'broken.json'])
@pytest.mark.parametrize('content', [b'', b'{"trun', b'\xff\x00'], ids=range(3))
def test_a_note_that_can_not_be_read_is_none(
    tmp_path: Path, name: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    kept = store(tmp_path)
    kept.create()
    kept.finish([LABEL] * 4, 4)
    (tmp_path / 'kept' / name).write_bytes(content)
    assert (kept.done, kept.whole, kept.read_broken()) == (0, False, [])
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    kept.create()
    logger.removeHandler(caplog.handler)
    assert f"kept: {name} can't be read" in caplog.text
    kept.cut_labels()
    kept.finish([LABEL] * 4, 4)
    assert kept.whole
    assert list(kept.read_labels()) == [LABEL] * 4


@pytest.mark.parametrize('content', ['"4"', 'true', '-1', '5', '[4]'])
def test_a_note_of_rows_that_can_not_be_is_none(tmp_path: Path, content: str) -> None:
    kept = store(tmp_path)
    kept.create()
    kept.finish([LABEL] * 4, 4)
    (tmp_path / 'kept/done.json').write_text(content)
    assert kept.done == 0


def test_labels_that_find_no_room_stay_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    kept = store(tmp_path)
    kept.create()
    kept.finish([LABEL] * 2, 2)
    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', full)
        with pytest.raises(StorageError, match='No space left'):
            kept.cut_labels()
    assert (kept.done, list(kept.read_labels())) == (2, [LABEL] * 2)


def test_a_broken_label_is_told(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.create()
    kept.finish([LABEL] * 4, 4)
    file = tmp_path / 'kept/labels.jsonl'
    file.write_bytes(file.read_bytes().replace(b'{', b'#', 1))
    with pytest.raises(DataError, match=r'labels\.jsonl: a label .* is broken'):
        kept.read_labels()


def test_a_folder_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / 'kept').mkdir()
    (tmp_path / 'kept/thesis.tex').write_text('mine')
    with pytest.raises(DataError, match=r'thesis\.tex'):
        store(tmp_path).create()
    assert (tmp_path / 'kept/thesis.tex').read_text() == 'mine'


def test_more_than_the_disk_gives_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"kept: activations of .* can't be written"):
        store(tmp_path, rows=10**15).create()
    assert not (tmp_path / 'kept').exists()


def test_what_is_missing_is_what_the_disk_still_has_to_give(tmp_path: Path) -> None:
    kept = store(tmp_path, rows=10**5)
    assert kept.missing == kept.size
    kept.create()
    assert kept.missing == 0, 'no holes'
    with (tmp_path / 'kept/activations.bin').open('r+b') as file:
        file.truncate(0)
        file.truncate(kept.size)
    assert kept.missing == kept.size, 'a file of holes alone'
    kept.create()
    assert kept.missing == 0


def test_a_part_without_rows_is_whole(tmp_path: Path) -> None:
    kept = store(tmp_path, rows=0)
    assert not kept.whole
    kept.create()
    assert kept.whole
    assert kept.open().shape == (0, 2, 3)
    assert list(kept.read_labels()) == []


def test_broken_files_come_back(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.create()
    assert kept.read_broken() == []
    kept.finish([LABEL] * 4, 4, [{'a.png': 'cut short'}, {}])
    assert store(tmp_path).read_broken() == [{'a.png': 'cut short'}, {}]


def test_parts_of_several_processes_are_one_dataset(tmp_path: Path) -> None:
    from mmengine.structures import BaseDataElement

    stores = []
    for part in range(2):  # samples 0, 2, 4 and 1, 3; two views
        count = len(range(part, 5, 2))
        piece = Store(tmp_path / str(part), {}, 2 * count, (1,), torch.float32)
        piece.create()
        values = [10 * v + i for v in range(2) for i in range(part, 5, 2)]
        piece.open()[:] = torch.tensor(values).view(-1, 1)
        labels = [
            {'fields': {}, 'metainfo': {'name': f'sample {value}'}} for value in values
        ]
        piece.finish(labels, 2 * count)
        stores.append(piece)
    origin: Any = SimpleNamespace(metainfo={'classes': ('a',)})
    data = CachedDataset(stores, BaseDataElement, 2, origin)
    assert len(data) == 5
    for view in range(2):
        data.view = view
        for index in range(5):
            item = data[index]
            assert item['inputs'].tolist() == [10 * view + index]
            assert item['data_samples'].name == f'sample {10 * view + index}'
    assert data.metainfo == {'classes': ('a',)}
