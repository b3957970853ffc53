"""A store is filled once, by one process at a time, whatever ended in between."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.structures import BaseDataElement
from torch import Tensor

from mmadapt.cache import CachedDataset, Store, fill
from mmadapt.cache.source import Source
from mmadapt.errors import DataError

from .sources import Noise, make_source

COUNT = 40
PLACES = [(0, index) for index in range(COUNT)]


class Slow:
    """Rows that say which sample they are of.

    Args:
        pause: Seconds for each.
        end: How many there are before the process is killed.
    """

    def __init__(self, pause: float = 0.0, end: int | None = None) -> None:
        self.pause, self.end = pause, end
        self.dataset: Any = None
        self.made: list[int] = []

    def batches(self, places: Any) -> Iterator[tuple[Tensor, list[BaseDataElement]]]:
        """One row a batch."""
        for number, (_, index) in enumerate(places):
            if number == self.end:
                os._exit(9)
            time.sleep(self.pause)
            self.made.append(index)
            sample = BaseDataElement(metainfo={'index': index})
            yield torch.full((1, 2), float(index)), [sample]


def numbered(folder: Path) -> Store:
    return Store(folder / 'kept' / 'train-0', {'k': 1}, COUNT, (2,), torch.float32)


def check_rows(folder: Path) -> None:
    data = CachedDataset([numbered(folder)], BaseDataElement, 1, None)  # type: ignore[arg-type]
    assert len(data) == COUNT
    for index in range(COUNT):
        assert data[index]['inputs'].tolist() == [index] * 2
        assert data[index]['data_samples'].index == index


def test_the_second_of_two_waits_and_uses_what_the_first_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first: Any = Slow(0.02)
    second: Any = Slow()
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    ahead = threading.Thread(
        target=fill.fill, args=(first, numbered(tmp_path), PLACES, 'a')
    )
    ahead.start()
    while not first.made:
        time.sleep(0.005)
    fill.fill(second, numbered(tmp_path), PLACES, 'b')
    ahead.join()
    logger.removeHandler(caplog.handler)
    assert 'train-0: waiting for it' in caplog.text
    assert (len(first.made), second.made) == (COUNT, [])
    check_rows(tmp_path)


def test_a_killed_process_leaves_the_folder_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill, 'NOTE', 4)
    killed: Any = Slow(end=10)
    process = multiprocessing.get_context('fork').Process(
        target=fill.fill, args=(killed, numbered(tmp_path), PLACES, 'a')
    )
    process.start()
    process.join()
    assert process.exitcode == 9
    assert numbered(tmp_path).done == 8
    after: Any = Slow()
    fill.fill(after, numbered(tmp_path), PLACES, 'b')
    assert after.made == list(range(8, COUNT)), 'the rest alone'
    check_rows(tmp_path)


def killing_at(name: str) -> Any:
    """``io.open`` that ends the process once it has opened a file for writing."""
    real = io.open

    def opened(file: Any, mode: str = 'r', *args: Any, **kwargs: Any) -> Any:
        found = real(file, mode, *args, **kwargs)
        if Path(str(file)).name.startswith(name) and 'w' in mode:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    return opened


@pytest.mark.parametrize('name', ['key.json', 'labels.jsonl', 'done.json'])
def test_a_process_killed_while_it_writes_leaves_rows_with_their_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(fill, 'NOTE', 4)
    if name != 'key.json':
        with pytest.raises(ZeroDivisionError):
            fill.fill(Ending(end=10), numbered(tmp_path), PLACES, 'a')  # type: ignore[arg-type]

    def work() -> None:
        io.open = killing_at(name)
        fill.fill(Slow(), numbered(tmp_path), PLACES, 'b')  # type: ignore[arg-type]

    process = multiprocessing.get_context('fork').Process(target=work)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    kept = numbered(tmp_path)
    assert kept.done == len(kept.read_labels()) == (0 if name == 'key.json' else 8)
    after: Any = Slow()
    fill.fill(after, numbered(tmp_path), PLACES, 'c')
    assert after.made == list(range(0 if name == 'key.json' else 8, COUNT))
    check_rows(tmp_path)


class Ending(Slow):
    """The same, which ends with an error in place of the process."""

    def batches(self, places: Any) -> Iterator[tuple[Tensor, list[BaseDataElement]]]:
        """One row a batch."""
        assert self.end is not None
        end, self.end = self.end, None
        yield from super().batches(places[:end])
        raise ZeroDivisionError


@pytest.mark.parametrize('left', [0, 3, 39], ids=str)
def test_rows_without_their_labels_are_computed_anew(
    tmp_path: Path, left: int, caplog: pytest.LogCaptureFixture
) -> None:
    fill.fill(Slow(), numbered(tmp_path), PLACES, 'a')  # type: ignore[arg-type]
    file = numbered(tmp_path).folder / 'labels.jsonl'
    lines = file.read_bytes().splitlines(keepends=True)
    # As after a file was emptied, and added to by a run that went on behind it.
    file.write_bytes(b''.join(lines[COUNT - left :]))
    assert not numbered(tmp_path).whole
    with pytest.raises(DataError, match='0 labels for 40 rows'):
        check_rows(tmp_path)
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    after: Any = Slow()
    fill.fill(after, numbered(tmp_path), PLACES, 'b')
    logger.removeHandler(caplog.handler)
    assert "train-0: labels.jsonl can't be read to its end" in caplog.text
    assert after.made == list(range(COUNT))
    check_rows(tmp_path)


def test_a_filling_that_goes_on_draws_as_one_in_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill, 'NOTE', 1)
    source = make_source(dataset=Noise(noise=True), seed=3)
    places = [(view, sample) for view in range(2) for sample in range(4)]

    def store(name: str) -> Store:
        return Store(tmp_path / name, {}, 8, (5, 16), torch.float32)

    whole, halted = store('whole'), store('halted')
    torch.manual_seed(1)
    fill.fill(source, whole, places, 'whole')
    batches = Source.batches

    def cut(self: Source, places: Any) -> Iterator[Any]:
        for number, batch in enumerate(batches(self, places)):
            if number == 3:
                raise KeyboardInterrupt
            yield batch

    with monkeypatch.context() as patch:
        patch.setattr(Source, 'batches', cut)
        with pytest.raises(KeyboardInterrupt):
            fill.fill(source, halted, places, 'first half')
    assert halted.done == 6
    torch.manual_seed(2)
    fill.fill(source, halted, places, 'second half')
    rows = whole.open()
    assert torch.equal(halted.open(), rows)
    assert len({row.sum().item() for row in rows}) == 8, 'each draw is another'


def test_what_two_halves_found_broken_is_put_together() -> None:
    assert fill.merged([], [{'b': '2'}]) == [{'b': '2'}]
    assert fill.merged([{'a': '1'}], [{'b': '2'}]) == [{'a': '1', 'b': '2'}]
