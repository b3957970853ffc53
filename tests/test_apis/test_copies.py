"""Tasks that are pickled or copied are whole, and keep their trunk once."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mmadapt.apis import Tasks, load_tasks, predict_tasks
from tests.tasks import write_images
from tests.test_apis.test_tasks import CLASSES, PLACE, sources


def pickled(tasks: Tasks) -> Any:
    return pickle.loads(pickle.dumps(tasks))


def bytes_of(tasks: Tasks) -> int:
    """Of all tensors of all backbones, those that lie in one place once."""
    tensors = [
        tensor for task in tasks.values() for tensor in task.model.state_dict().values()
    ]
    return sum({one.data_ptr(): one.nbytes for one in tensors}.values())


@pytest.fixture
def tasks(tmp_path: Path) -> Tasks:
    return load_tasks(sources(tmp_path, **{f'{PLACE}.layers': [-1]}), 'cpu')


@pytest.fixture
def requests(tmp_path: Path) -> list[tuple[Path, str]]:
    files = sorted((write_images(tmp_path / 'photos') / 'val').rglob('*.png'))[:2]
    return [(file, name) for file in files for name in CLASSES]


@pytest.mark.parametrize('way', [pickled, copy.deepcopy])
@pytest.mark.parametrize('used', [False, True])
def test_a_copy_predicts_the_same(
    tasks: Tasks,
    requests: list[tuple[Path, str]],
    way: Callable[[Tasks], Any],
    used: bool,
) -> None:
    if used:
        predict_tasks(tasks, requests)
    other = way(tasks)
    assert isinstance(other, Tasks) and list(other) == list(tasks)
    assert predict_tasks(other, requests) == predict_tasks(tasks, requests)
    assert bytes_of(other) == bytes_of(tasks)


def test_a_copy_is_apart(tasks: Tasks, requests: list[tuple[Path, str]]) -> None:
    before = predict_tasks(tasks, requests)
    other = copy.deepcopy(tasks)
    with torch.no_grad():
        for task in other.values():
            for parameter in task.model.parameters():
                parameter.mul_(1.5)
    assert predict_tasks(tasks, requests) == before
    assert predict_tasks(other, requests) != before


def test_a_pickle_has_the_trunk_once(tasks: Tasks) -> None:
    trunk = sum(
        p.nbytes
        for p in tasks['pets'].model.backbone.parameters()
        if not p.requires_grad
    )
    alone = len(pickle.dumps(Tasks({'pets': tasks['pets']})))
    assert len(pickle.dumps(tasks)) - alone < 2 * trunk


@pytest.mark.parametrize('trains', [False, True])
def test_requires_grad_changes_no_copy(
    tasks: Tasks, requests: list[tuple[Path, str]], trains: bool
) -> None:
    before = predict_tasks(tasks, requests)
    for task in tasks.values():
        task.model.requires_grad_(trains)
    for one in (tasks, pickled(tasks), copy.deepcopy(tasks)):
        found = predict_tasks(one, requests)
        for classes, right in zip(found, before, strict=True):
            assert [c.name for c in classes] == [c.name for c in right]
            scores = [c.score for c in right]
            assert [c.score for c in classes] == pytest.approx(scores, rel=1e-4)
