"""Several tasks on one trunk: each predicts what it does by itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from mmadapt import apis
from mmadapt.adapters import Adapter
from mmadapt.apis import Tasks, load_task, load_tasks, predict, predict_tasks
from mmadapt.config import load_config, merge_options
from mmadapt.errors import ConfigError, DataError
from mmadapt.weights.task_file import task_state
from tests.tasks import (
    write_clips,
    write_config,
    write_images,
    write_trunk,
    write_video_config,
)
from tests.test_apis.test_task import write_task

Source = tuple[Config, Path]

PLACE = 'model.backbone.adapter'

CLASSES = {'colours': ['blue', 'red'], 'pets': ['cat', 'dog', 'newt'], 'size': ['big']}


def source(
    folder: Path,
    name: str,
    write: Callable[[Path], Path] = write_config,
    **changes: Any,
) -> Source:
    """A config and a task file whose adapters are not those of the other tasks."""
    cfg = load_config(write(folder / f'{name}.py'))
    trunk = folder / 'tiny.pth'
    if not trunk.exists():
        write_trunk(trunk)
    merge_options(cfg, {'trunk': str(trunk), **changes})
    file = write_task(cfg, folder / f'{name}.pth', CLASSES[name])
    task = load_task(cfg, file, 'cpu')
    torch.manual_seed(len(name))
    for module in task.model.modules():
        if isinstance(module, Adapter):
            torch.nn.init.normal_(module.up.weight, std=0.5)  # type: ignore[arg-type]
    content = torch.load(file, weights_only=True)
    content['state_dict'] = task_state(task.model, task.model.state_dict())
    torch.save(content, file)
    return cfg, file


def sources(
    folder: Path, write: Any = write_config, **changes: Any
) -> dict[str, Source]:
    return {name: source(folder, name, write, **changes) for name in CLASSES}


def asked(files: list[Path], tasks: Tasks) -> list[tuple[Path, str]]:
    """Every file of every task, in no order."""
    pairs = [(file, name) for name in tasks for file in files]
    return pairs[::2] + pairs[1::2]


def assert_alone(
    given: dict[str, Source], requests: list[tuple[Path, str]], found: list[Any]
) -> None:
    alone = {name: load_task(*one, 'cpu') for name, one in given.items()}
    for (file, name), classes in zip(requests, found, strict=True):
        expected = predict(alone[name], [file])[0]
        assert [one.name for one in classes] == [one.name for one in expected]
        scores = [one.score for one in expected]
        assert [one.score for one in classes] == pytest.approx(scores, rel=1e-4)


@pytest.mark.parametrize('size', [1, 3, 16])
@pytest.mark.parametrize('layers', ['all', [-1]])
def test_photos(tmp_path: Path, size: int, layers: Any) -> None:
    given = sources(tmp_path, **{f'{PLACE}.layers': layers})
    tasks = load_tasks(given, 'cpu')
    files = sorted((write_images(tmp_path / 'photos') / 'val').rglob('*.png'))[:4]
    requests = asked(files, tasks)
    found = predict_tasks(tasks, requests, batch_size=size)
    assert_alone(given, requests, found)


@pytest.mark.parametrize('views', [None, 1])
def test_clips(tmp_path: Path, views: int | None) -> None:
    given = sources(tmp_path, write_video_config)
    for cfg, _ in given.values():
        steps = cfg.test_dataloader.dataset.pipeline
        steps[1].num_clips = 2
        cfg.model.test_cfg = {'max_testing_views': views}
    tasks = load_tasks(given, 'cpu')
    files = sorted(write_clips(tmp_path / 'clips').glob('*.mp4'))[:2]
    requests = asked(files, tasks)
    found = predict_tasks(tasks, requests, batch_size=3)
    assert tasks['pets'].model.test_cfg == {'max_testing_views': views}
    assert_alone(given, requests, found)


def test_tasks_of_two_builds(tmp_path: Path) -> None:
    given = {
        'colours': source(tmp_path, 'colours', write_config),
        'pets': source(
            tmp_path, 'pets', write_config, **{'model.backbone.adapter.bottleneck': 2}
        ),
        'size': source(
            tmp_path, 'size', write_config, **{'model.backbone.adapter': None}
        ),
    }
    tasks = load_tasks(given, 'cpu')
    assert len({routed for routed, _ in tasks.routes.values()}) == 3
    file = write_images(tmp_path / 'photos') / 'val' / 'red' / '0.png'
    requests = [(file, name) for name in given]
    assert_alone(given, requests, predict_tasks(tasks, requests))


@pytest.mark.parametrize('changes', [{'scale': 0.7}, {'scale': 0.7, 'layers': [-1]}])
def test_other_options_of_the_same_shapes_are_another_build(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    shapes = {f'{PLACE}.layers': changes.get('layers', 'all')}
    given = sources(tmp_path, **shapes)
    options = {f'{PLACE}.{name}': value for name, value in changes.items()}
    given['pets'] = source(tmp_path, 'pets', **options)
    tasks = load_tasks(given, 'cpu')
    routes = {name: routed for name, (routed, _) in tasks.routes.items()}
    assert routes['colours'] is routes['size'] is not routes['pets']
    file = write_images(tmp_path / 'photos') / 'val' / 'red' / '0.png'
    requests = [(file, name) for name in given]
    assert_alone(given, requests, predict_tasks(tasks, requests))


def test_other_shapes_of_the_same_options_are_another_build(tmp_path: Path) -> None:
    changes = {f'{PLACE}.bottleneck': 2}
    other = load_task(*source(tmp_path, 'pets', **changes), 'cpu')
    task = load_task(*source(tmp_path, 'colours'), 'cpu')
    # As where a backbone reads its sizes in a file that the config names.
    alike = {'pets': replace(other, cfg=task.cfg), 'colours': task}
    assert len({routed for routed, _ in Tasks(alike).routes.values()}) == 2


def test_pixels_of_two_normalisations(tmp_path: Path) -> None:
    given = sources(tmp_path)
    given['pets'][0].data_preprocessor['mean'] = [100.0] * 3
    tasks = load_tasks(given, 'cpu')
    file = write_images(tmp_path / 'photos') / 'val' / 'red' / '0.png'
    requests = [(file, name) for name in given]
    assert_alone(given, requests, predict_tasks(tasks, requests))


def test_the_trunk_is_kept_once(tmp_path: Path) -> None:
    tasks = load_tasks(sources(tmp_path), 'cpu')
    places = {
        name: {
            p.data_ptr()
            for p in task.model.backbone.parameters()
            if not p.requires_grad
        }
        for name, task in tasks.items()
    }
    assert places['colours'] == places['pets'] == places['size']
    assert list(tasks) == list(CLASSES)
    assert tasks['pets'].classes == tuple(CLASSES['pets'])


def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = load_tasks(sources(tmp_path), 'cpu')
    files = sorted((write_images(tmp_path / 'photos') / 'val').rglob('*.png'))[:2]
    read: list[str] = []
    own = apis.requests.read_sample

    def counted(kind: str, pipeline: Any, file: str) -> Any:
        read.append(file)
        return own(kind, pipeline, file)

    monkeypatch.setattr(apis.requests, 'read_sample', counted)
    predict_tasks(tasks, asked(files, tasks))
    assert sorted(read) == [str(file) for file in files]


def test_two_trunks_are_refused(tmp_path: Path) -> None:
    given = sources(tmp_path)
    other = write_trunk(tmp_path / 'other.pth', seed=1)
    merge_options(given['pets'][0], {'trunk': str(other)})
    write_task(given['pets'][0], given['pets'][1], CLASSES['pets'])
    with pytest.raises(ConfigError, match=r"'pets' stands on another trunk.*differs"):
        load_tasks(given, 'cpu')
    with pytest.raises(ConfigError, match='no tasks'):
        load_tasks({}, 'cpu')


def test_what_can_not_be_asked(tmp_path: Path) -> None:
    tasks = load_tasks(sources(tmp_path), 'cpu')
    file = write_images(tmp_path / 'photos') / 'val' / 'red' / '0.png'
    with pytest.raises(ConfigError, match=r"'pet'.*loaded: colours.*'pets'"):
        predict_tasks(tasks, [(file, 'colours'), (file, 'pet')])
    with pytest.raises(ConfigError, match='batch_size=0'):
        predict_tasks(tasks, [(file, 'pets')], batch_size=0)
    with pytest.raises(ConfigError, match='topk=0'):
        predict_tasks(tasks, [(file, 'pets')], topk=0)
    with pytest.raises(DataError, match='missing'):
        predict_tasks(tasks, [(tmp_path / 'missing.png', 'pets')])
    assert predict_tasks(tasks, []) == []
    assert len(predict_tasks(tasks, [(file, 'pets')], topk=2)[0]) == 2


@pytest.mark.parametrize('layers', ['all', [-1]])
def test_threads_get_what_they_ask_for(tmp_path: Path, layers: Any) -> None:
    tasks = load_tasks(sources(tmp_path, **{f'{PLACE}.layers': layers}), 'cpu')
    files = sorted((write_images(tmp_path / 'photos') / 'val').rglob('*.png'))[:4]
    requests = asked(files, tasks)
    expected = [predict(tasks[name], [file])[0] for file, name in requests]

    def ask(number: int) -> bool:
        if number % 2:
            found = [predict(tasks[name], [file])[0] for file, name in requests]
        else:
            found = predict_tasks(tasks, requests, batch_size=5)
        pairs = zip(found, expected, strict=True)
        return all(
            one.score == pytest.approx(other.score, rel=1e-4)
            for pair in pairs
            for one, other in zip(*pair, strict=True)
        )

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(ask, range(8)))
