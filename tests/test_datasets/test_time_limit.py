"""A decoder that hangs costs a clip, not the run."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from mmaction.registry import DATASETS, TRANSFORMS
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from torch.utils.data import DataLoader

from mmadapt.datasets import readers, streams
from mmadapt.datasets.sparse import SparsePyAV
from mmadapt.datasets.time_limit import within
from mmadapt.datasets.tolerant import BROKEN
from mmadapt.errors import BrokenFileError, ConfigError, DataError, HangingFileError
from tests.test_datasets.clips import damage, write_clip, write_moving

HANGING = 'hanging.mp4'
FOR_EVER = 3600.0


def never(*_: Any) -> Any:
    """What a decoder does that waits for itself."""
    threading.Event().wait(FOR_EVER)


class Hanging(readers.Decord):
    """decord, which opens one file of a name and never reads it."""

    def read(self, indices: Any) -> Any:
        return never() if self.hangs else super().read(indices)

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.hangs = Path(path).name == HANGING


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four clips, one of which hangs its decoder."""
    whole = write_clip(tmp_path / 'train' / HANGING).read_bytes()
    names = [HANGING, *(f'{i}.mp4' for i in range(3))]
    for name in names:
        (tmp_path / 'train' / name).write_bytes(whole)
    lines = [f'{name} {i % 2}\n' for i, name in enumerate(names)]
    (tmp_path / 'train.txt').write_text(''.join(lines))
    monkeypatch.setattr(readers, 'READERS', (Hanging,))
    return tmp_path


def build(root: Path, test_mode: bool) -> Any:
    config = {
        'type': 'VideoList',
        'ann_file': 'train.txt',
        'data_root': str(root),
        'test_mode': test_mode,
        'pipeline': [
            {'type': 'OpenVideo', 'seconds': 30},
            {'type': 'SampleClip', 'clip_len': 2, 'frame_interval': 2},
            {'type': 'DecodeVideo', 'seconds': 0.5},
            {'type': 'FormatShape', 'input_format': 'NCTHW'},
            {'type': 'PackActionInputs', 'meta_keys': ('filename', 'img_shape')},
        ],
    }
    with DefaultScope.overwrite_default_scope('mmaction'):
        return DATASETS.build(config)


@pytest.mark.parametrize('workers', [0, 2])
def test_training_goes_on_without_the_clip(hanging: Path, workers: int) -> None:
    dataset = build(hanging, test_mode=False)
    dataset.full_init()
    dataset.broken.watch(3)
    loader: Any = DataLoader(
        dataset, 2, num_workers=workers, collate_fn=pseudo_collate, timeout=60 * workers
    )
    samples = [sample for batch in loader for sample in batch['data_samples']]
    assert len(samples) == 4
    assert HANGING not in {Path(s.metainfo['filename']).name for s in samples}
    ((path, reason),) = dataset.broken.known().items()
    assert Path(path).name == HANGING
    assert path in reason and 'not decoded in 0.5 seconds' in reason


def test_testing_counts_the_clip_as_broken(hanging: Path) -> None:
    dataset = build(hanging, test_mode=True)
    dataset.full_init()
    dataset.broken.watch(3)
    sample = dataset[0]['data_samples']
    assert Path(sample.metainfo['filename']).name == HANGING
    assert 'not decoded in 0.5 seconds' in sample.metainfo[BROKEN]


def test_it_is_not_opened_again(hanging: Path) -> None:
    dataset = build(hanging, test_mode=False)
    dataset.full_init()
    dataset.broken.watch(3)
    before = threading.active_count()
    for _ in range(5):
        assert dataset[0]
    assert threading.active_count() == before + 1
    pickle.loads(pickle.dumps(dataset))[0]  # as in a worker of its own
    assert threading.active_count() == before + 1


def paused(folder: Path) -> None:
    """A job of a second that has two."""
    within(2, partial(time.sleep, 1), 'a.mp4')
    (folder / 'done').touch()


def test_time_in_which_the_run_stands_still_does_not_count(tmp_path: Path) -> None:
    process = get_context('fork').Process(target=paused, args=(tmp_path,))
    process.start()
    assert process.pid is not None
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(4)
    os.kill(process.pid, signal.SIGCONT)
    process.join(60)
    assert (tmp_path / 'done').exists()


def test_opening_has_a_limit_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, 'READERS', (never,))
    file = str(write_clip(tmp_path / 'a.mp4'))
    started = time.monotonic()
    with pytest.raises(BrokenFileError, match=r'a\.mp4.*0\.2 seconds'):
        TRANSFORMS.build({'type': 'OpenVideo', 'seconds': 0.2})({'filename': file})
    assert time.monotonic() - started < FOR_EVER / 100


def raise_error(error: BaseException) -> Callable[[], Any]:
    """A job that fails."""

    def job() -> Any:
        raise error

    return job


@pytest.mark.parametrize('error', [TimeoutError(110, 'disk'), MemoryError('full')])
def test_errors_and_results_come_through(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        within(60, raise_error(error), 'a.mp4')
    assert caught.value is error
    assert within(60, lambda: 'a result', 'a.mp4') == 'a result'


class Decoder:
    """Something that has threads, and has to go before a process is forked."""

    def fail(self) -> None:
        raise ValueError('broken')


def test_what_failed_is_freed_at_once() -> None:
    gc.collect()
    gc.disable()
    try:
        decoder = Decoder()
        gone = weakref.ref(decoder)
        with pytest.raises(ValueError, match='broken') as caught:
            within(60, decoder.fail, 'a.mp4')
        del decoder, caught
        time.sleep(0.2)  # the thread may still be ending
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize('name', ['OpenVideo', 'DecodeVideo'])
@pytest.mark.parametrize('seconds', [0, -1, float('inf'), float('nan'), True, '9'])
def test_a_limit_that_is_no_time_is_refused(name: str, seconds: Any) -> None:
    with pytest.raises(ConfigError, match=rf'{name} got seconds='):
        TRANSFORMS.build({'type': name, 'seconds': seconds})


def test_looking_whether_a_clip_is_broken_has_the_pipelines_limit(
    hanging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = build(hanging, test_mode=False)
    info = next(
        entry
        for entry in map(dataset.get_data_info, range(len(dataset)))
        if entry['filename'].endswith(HANGING)
    )
    for step, seconds in zip(
        dataset.pipeline.transforms, (0.1, None, 0.3), strict=False
    ):
        step.seconds = seconds
    monkeypatch.setattr('mmadapt.datasets.video.SECONDS', 0.2)
    with pytest.raises(HangingFileError, match=rf'{HANGING}.* 0\.4 seconds'):
        dataset.check_sample(info)
    monkeypatch.setattr('mmadapt.datasets.video.SECONDS', 0.6)
    with pytest.raises(HangingFileError, match=rf'{HANGING}.* 0\.6 seconds'):
        dataset.check_sample(info)


def read_damaged(file: Path) -> None:
    """As a process does in which somebody has set a level of FFmpeg's messages."""
    import av

    av.logging.set_level(av.logging.ERROR)
    streams.decoder_threads = lambda: 4
    for _ in range(5):
        video = SparsePyAV(str(file))
        with pytest.raises((DataError, OSError, ValueError), match='corrupt|Invalid'):
            video.read([5, 20, 39])


def test_messages_of_a_decoder_do_not_stop_the_process(tmp_path: Path) -> None:
    """Its threads would wait for Python, and Python for them: no limit helps then."""
    file = write_moving(
        tmp_path / 'a.mp4', options={'x264-params': 'bframes=0'}, gop=40
    )
    for seed in range(3):
        damage(file, seed=seed, size=30, share=0.3 + 0.2 * seed)
    process = get_context('fork').Process(target=read_damaged, args=(file,))
    process.start()
    process.join(60)
    ended = not process.is_alive()
    process.kill()
    assert ended, 'it hangs'
    assert process.exitcode == 0
