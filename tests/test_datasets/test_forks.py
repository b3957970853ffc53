"""Forks of a process that has decoded."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest

from mmadapt.datasets import forks, readers
from mmadapt.datasets.readers import VideoFile
from tests.test_datasets.clips import write_clip

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='forks')

LIMIT = 60.0  # seconds; a second is enough


class Ring:
    """Garbage that only the collector frees."""

    def __init__(self, kept: object) -> None:
        self.kept = kept
        self.itself = self


@pytest.fixture
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures('no_collection')
@pytest.mark.parametrize('reader', readers.READERS, ids=lambda reader: reader.__name__)
def test_a_fork_does_not_wait_for_the_threads_of_decoders(
    reader: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, 'READERS', (reader,))
    monkeypatch.setattr(readers, 'decoder_threads', lambda: 4)
    video = VideoFile(write_clip(tmp_path / 'clip.mp4'))
    video.read([0, 3])
    Ring(video)
    del video
    process = get_context('fork').Process(target=gc.collect)
    process.start()
    process.join(LIMIT)
    ended = process.exitcode
    process.kill()
    assert ended == 0, 'the fork waits'


def test_a_fork_still_collects_garbage_of_its_own() -> None:
    forks.spare_decoders()
    read, write = os.pipe()

    def work() -> None:
        gc.collect()
        gc.disable()
        for _ in range(10):
            Ring(None)
        os.write(write, f'{gc.get_freeze_count()} {gc.collect()}'.encode())

    process = get_context('fork').Process(target=work)
    process.start()
    process.join(LIMIT)
    frozen, freed = map(int, os.read(read, 100).split())
    assert frozen > 1000
    assert freed >= 10
    assert gc.get_freeze_count() == 0, 'the parent goes on collecting all of its own'


def test_it_registers_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    monkeypatch.setattr(os, 'register_at_fork', lambda **k: calls.append(k))
    forks.spare_decoders.cache_clear()
    forks.spare_decoders()
    forks.spare_decoders()
    forks.spare_decoders.cache_clear()  # nothing was registered
    assert calls == [{'after_in_child': gc.freeze}]
