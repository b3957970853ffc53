"""Predictions for inputs that ask for a task each, several at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from os import PathLike
from typing import Any

import torch
from mmengine.dataset import pseudo_collate
from torch import Tensor

from ..errors import ConfigError, did_you_mean
from .batches import Prepared, batches, passed
from .inputs import check_kind
from .scope import in_scope
from .stub import backbone_input, finish
from .task import (
    Prediction,
    count_of,
    pipeline_of,
    ranked,
    read_sample,
    test_pipeline,
)
from .tasks import Tasks

__all__ = ['predict_tasks']

Request = tuple[str | PathLike[str], str]
"""A file and the name of a task."""


def predict_tasks(
    tasks: Tasks,
    requests: Iterable[Request],
    topk: int | None = None,
    batch_size: int = 16,
) -> list[list[Prediction]]:
    """The most probable classes of photos or clips, each by the task that it asks for.

    Requests of several tasks share a pass through the trunk; a file that is asked of
    several tasks is read once, where they prepare it alike, and so are the blocks below
    the lowest adapter. Scores are those of :func:`mmadapt.apis.predict`, to rounding.

    Args:
        tasks: What :func:`mmadapt.apis.load_tasks` returned.
        requests: Files, and the name of a task for each.
        topk: Number of classes an input, as for :func:`mmadapt.apis.predict`.
        batch_size: Photos, or views of clips, that the trunk reads at once; above the
            blocks that tasks share, so many for each task.

    Returns:
        For each request its classes, best first.

    Raises:
        ConfigError: A request that is no pair, a task of another name, or a number
            that can't be obeyed.
        DataError: An input that is missing, of another kind, or can't be read.
    """
    if batch_size < 1:
        raise ConfigError(f'batch_size={batch_size}: a whole number from 1 on.')
    requests = list(requests)  # they are gone through several times
    counts = []
    for request in requests:
        file, name = check_pair(request)
        if name not in tasks:
            raise ConfigError(
                f'{str(file)!r} asks for the task {name!r}; loaded: '
                f'{", ".join(tasks)}.{did_you_mean(name, tasks)}'
            )
        check_kind(file, tasks[name].kind)
        counts.append(count_of(tasks[name], topk))
    found: dict[int, list[Prediction]] = {}
    with torch.no_grad():
        for batch in batches(prepare(tasks, requests), batch_size):
            for one, features in passed(batch, batch_size):
                result = finish(one.task.model, one.data, features)
                found[one.number] = ranked(one.task, result, counts[one.number])
    return [found[number] for number in range(len(requests))]


def check_pair(request: object) -> Request:
    """A request, if it is a file and the name of a task.

    Raises:
        ConfigError: It isn't.
    """
    match request:
        case (str() | PathLike() as file, str() as name):
            return file, name
    raise ConfigError(
        f'predict_tasks: the request {request!r} is no pair; give a file and the name '
        "of a task for each, [('a.jpg', 'pets')] for instance."
    )


def prepare(tasks: Tasks, requests: Sequence[Request]) -> Iterator[Prepared]:
    """Read and preprocess requests, those of a file one behind the other.

    What they have in common is one tensor, by which it is known to be the same.
    """
    used = {name: tasks[name] for _, name in requests}
    steps = {name: repr(test_pipeline(task.cfg)) for name, task in used.items()}
    pipelines = {}
    for name, task in used.items():
        with in_scope(task.cfg):
            pipelines[name] = pipeline_of(task)
    by_file: dict[str, list[int]] = {}
    for number, (file, _) in enumerate(requests):
        by_file.setdefault(str(file), []).append(number)
    for file, numbers in by_file.items():
        samples: dict[str, Any] = {}
        known: list[Tensor] = []
        for number in numbers:
            name = requests[number][1]
            task, (routed, place) = tasks[name], tasks.routes[name]
            with in_scope(task.cfg):
                if steps[name] not in samples:
                    sample = read_sample(task.kind, pipelines[name], file)
                    samples[steps[name]] = sample
                batch = pseudo_collate([deepcopy(samples[steps[name]])])
                data = task.model.data_preprocessor(batch, False)
                seen = backbone_input(task.model, data)
            seen = next((one for one in known if same(one, seen)), seen)
            known.append(seen)
            yield Prepared(number, file, task, routed, place, seen, data)


def same(one: Tensor, other: Tensor) -> bool:
    """Whether two inputs are the same in type, shape and numbers."""
    return one.dtype == other.dtype and torch.equal(one, other)
