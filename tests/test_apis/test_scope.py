"""Plain type names of two libraries in several threads."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmadapt.apis import load_tasks, predict, predict_tasks
from mmadapt.apis.scope import in_scope
from tests.tasks import (
    write_clips,
    write_config,
    write_images,
    write_video_config,
)
from tests.test_apis.test_tasks import source


def test_one_thread_at_a_time_has_a_scope() -> None:
    inside, both, told = Event(), Event(), Event()

    def first() -> str:
        with in_scope(Config({'default_scope': 'mmpretrain'})):
            inside.set()
            both.wait(0.3)  # nobody comes
            try:
                return str(DefaultScope.get_current_instance().scope_name)
            finally:
                told.set()

    def second() -> str:
        inside.wait(5)
        with in_scope(Config({'default_scope': 'mmaction'})):
            both.set()
            told.wait(5)
            return str(DefaultScope.get_current_instance().scope_name)

    with ThreadPoolExecutor(2) as threads:
        found = [threads.submit(first), threads.submit(second)]
        assert [one.result() for one in found] == ['mmpretrain', 'mmaction']


def test_threads_ask_tasks_of_two_libraries(tmp_path: Path) -> None:
    for name in ('photos', 'clips'):
        (tmp_path / name).mkdir()
    loaded = {
        'photos': load_tasks(
            {
                name: source(tmp_path / 'photos', name, write_config)
                for name in ('colours', 'pets')
            },
            'cpu',
        ),
        'clips': load_tasks(
            {
                name: source(tmp_path / 'clips', name, write_video_config)
                for name in ('colours', 'pets')
            },
            'cpu',
        ),
    }
    files = {
        'photos': sorted((write_images(tmp_path / 'images') / 'val').rglob('*.png')),
        'clips': sorted(write_clips(tmp_path / 'videos').glob('*.mp4')),
    }
    requests = {
        kind: [(file, name) for name in loaded[kind] for file in files[kind][::4]]
        for kind in loaded
    }
    expected = {
        kind: [predict(loaded[kind][name], [file])[0] for file, name in requests[kind]]
        for kind in loaded
    }

    def ask(number: int) -> bool:
        kind = ('photos', 'clips')[number % 2]
        tasks = loaded[kind]
        if number % 3:
            found = predict_tasks(tasks, requests[kind], batch_size=3)
        else:
            found = [predict(tasks[name], [file])[0] for file, name in requests[kind]]
        return [one.score for classes in found for one in classes] == pytest.approx(
            [one.score for classes in expected[kind] for one in classes], rel=1e-4
        )

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads change places as often as they can
    try:
        with ThreadPoolExecutor(4) as threads:
            assert all(threads.map(ask, range(24)))
    finally:
        sys.setswitchinterval(interval)
    current = DefaultScope.get_current_instance()
    assert current is None or not current.scope_name.startswith('overwrite')
