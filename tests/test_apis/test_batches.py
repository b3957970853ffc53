"""Requests of several tasks in one batch: what is read, how often, and for whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mmadapt.apis import Tasks, load_task, load_tasks, predict, predict_tasks
from mmadapt.apis.batches import batches
from mmadapt.apis.requests import prepare
from mmadapt.errors import ConfigError
from tests.tasks import write_clips, write_config, write_images, write_video_config
from tests.test_apis.test_task import write_task
from tests.test_apis.test_tasks import (
    CLASSES,
    PLACE,
    Source,
    assert_alone,
    source,
    sources,
)

VIEWS = 3


def clip_sources(folder: Path, **changes: Any) -> dict[str, Source]:
    """Tasks whose clips are read in several views."""
    given = sources(folder, write_video_config, **changes)
    for cfg, _ in given.values():
        cfg.test_dataloader.dataset.pipeline[1].num_clips = VIEWS
    return given


def clips(folder: Path, count: int = 3) -> list[Path]:
    """Clips of different colours."""
    root = write_clips(folder / 'clips', count, 1)
    return sorted(root.glob('*.mp4'))


def photos(folder: Path, count: int) -> list[Path]:
    root = write_images(folder / 'photos') / 'val'
    return sorted(root.rglob('*.png'))[:count]


def watch(tasks: Tasks) -> list[int]:
    """How many rows the lowest block reads, from now on, at each pass."""
    read: list[int] = []
    (routed,) = {routed for routed, _ in tasks.routes.values()}
    for model in routed.backbones:
        # Inside the block: where its output is known it is called, and passes on.
        below: Any = model.get_submodule('blocks.0.attn')
        below.register_forward_hook(lambda _, args, out: read.append(len(out)))
    return read


@pytest.mark.parametrize('size', [1, 4, 16])
def test_blocks_below_read_each_view_once(tmp_path: Path, size: int) -> None:
    given = clip_sources(tmp_path, **{f'{PLACE}.layers': [-1]})
    tasks = load_tasks(given, 'cpu')
    files = clips(tmp_path)
    requests = [(file, name) for name in tasks for file in files]
    predict_tasks(tasks, requests)  # finds out whether the trunk can be cut
    read = watch(tasks)
    found = predict_tasks(tasks, requests, batch_size=size)
    assert sum(read) == len(files) * VIEWS
    assert max(read) <= size
    assert_alone(given, requests, found)


def test_several_clips_of_several_views_in_a_batch(tmp_path: Path) -> None:
    given = clip_sources(tmp_path)
    tasks, files = load_tasks(given, 'cpu'), clips(tmp_path)
    scores = [predict(tasks['pets'], [file])[0][0].score for file in files]
    assert max(scores) - min(scores) > 1e-3, 'the clips can be told apart'
    requests = [(file, name) for name in tasks for file in files]
    assert_alone(given, requests, predict_tasks(tasks, requests))


def test_a_file_of_many_requests_is_one_batch(tmp_path: Path) -> None:
    given = sources(tmp_path, **{f'{PLACE}.layers': [-1]})
    tasks = load_tasks(given, 'cpu')
    files = photos(tmp_path, 3)
    requests = [(file, name) for name in tasks for file in files] * 2
    prepared = prepare(tasks, requests)
    cut = [[one.number for one in batch] for batch in batches(prepared, 2)]
    # Nine numbers lie between a photo's requests; two photos are two rows.
    assert [sorted(batch) for batch in cut] == [
        sorted(n for n in range(18) if n % 3 in photos) for photos in ([0, 1], [2])
    ]


def test_every_task_has_a_pipeline_of_its_own(tmp_path: Path) -> None:
    given = sources(tmp_path)
    turned = given['pets'][0].test_dataloader.dataset.pipeline
    turned.insert(1, {'type': 'RandomFlip', 'prob': 1.0, 'direction': 'vertical'})
    tasks = load_tasks(given, 'cpu')
    (file,) = photos(tmp_path, 1)
    plain = load_task(*given['pets'], 'cpu')
    plain.cfg.test_dataloader.dataset.pipeline.pop(1)
    scores = [predict(task, [file])[0][0].score for task in (tasks['pets'], plain)]
    assert abs(scores[0] - scores[1]) > 1e-3, 'the two pipelines can be told apart'
    requests = [(file, name) for name in given]
    for asked in (requests, requests[::-1]):
        assert_alone(given, asked, predict_tasks(tasks, asked))


def test_each_task_gives_as_many_classes_as_by_itself(tmp_path: Path) -> None:
    names = [f'class {number}' for number in range(7)]
    given = {}
    for name in ('kind', 'tags'):
        cfg, _ = source(tmp_path, 'size', write_config)
        given[name] = cfg, write_task(cfg, tmp_path / f'{name}.pth', names)
    loaded = load_tasks(given, 'cpu')
    tasks = Tasks({n: replace(task, several=n == 'tags') for n, task in loaded.items()})
    (file,) = photos(tmp_path, 1)
    for order in (['kind', 'tags'], ['tags', 'kind']):
        found = predict_tasks(tasks, [(file, name) for name in order])
        alone = [predict(tasks[name], [file])[0] for name in order]
        assert [len(one) for one in found] == [len(one) for one in alone]
        assert sorted(map(len, found)) == [5, 7]


def test_requests_may_come_from_a_generator(tmp_path: Path) -> None:
    tasks = load_tasks(sources(tmp_path), 'cpu')
    files = photos(tmp_path, 2)
    requests = [(file, name) for name in CLASSES for file in files]
    assert predict_tasks(tasks, iter(requests)) == predict_tasks(tasks, requests)
    assert predict_tasks(tasks, iter(())) == []


@pytest.mark.parametrize('request_', ['pets', ('a.png',), ('a.png', 1), None])
def test_a_request_that_is_no_pair_is_named(request_: Any) -> None:
    with pytest.raises(ConfigError, match=r'is no pair; give a file and the name'):
        predict_tasks(Tasks({}), [request_])
