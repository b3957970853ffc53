"""A store is filled once, by one process at a time, whatever ended in between."""

from __future__ import annotations

import multiprocessing
import os
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
