"""Predictions for inputs that ask for a task each, several at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass
from os import PathLike
from typing import Any

import torch
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from ..errors import ConfigError, did_you_mean
from .inputs import check_kind
from .routed import RoutedBackbone
from .scope import in_scope
from .task import (
    Prediction,
    TaskModel,
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


@dataclass
class Prepared:
    """A request on its way.

    Attributes:
        number: Which one it is.
        task: Its task.
        routed: The pass that it takes.
        place: The task's number there.
        seen: What the backbone reads of it, ``(V, ...)`` for V views.
        data: What the model is given, as the data preprocessor returned it.
    """

    number: int
    task: TaskModel
    routed: RoutedBackbone
    place: int
    seen: Tensor
    data: dict[str, Any]


def predict_tasks(
    tasks: Tasks,
    requests: Sequence[Request],
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
        batch_size: Photos, or views of clips, that the trunk reads at once.

    Returns:
        For each request its classes, best first.

    Raises:
        ConfigError: A task of another name, or a number that can't be obeyed.
        DataError: An input that is missing, of another kind, or can't be read.
    """
    if batch_size < 1:
        raise ConfigError(f'batch_size={batch_size}: a whole number from 1 on.')
    counts = []
    for file, name in requests:
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
                result = finish(one, features)
                found[one.number] = ranked(one.task, result, counts[one.number])
    return [found[number] for number in range(len(requests))]


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
            yield Prepared(number, task, routed, place, seen, data)


def same(one: Tensor, other: Tensor) -> bool:
    """Whether two inputs are the same in type, shape and numbers."""
    return one.dtype == other.dtype and torch.equal(one, other)


def batches(requests: Iterable[Prepared], size: int) -> Iterator[list[Prepared]]:
    """So many requests that the trunk reads so many rows of them, or a little more."""
    batch: list[Prepared] = []
    for one in requests:
        batch.append(one)
        if sum(len(each.seen) for each in batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def passed(batch: Sequence[Prepared], size: int) -> Iterator[tuple[Prepared, Any]]:
    """Requests and what their backbones give; those of one shape and build at once.

    Args:
        batch: Some requests.
        size: Rows at a time.
    """
    alike: dict[Any, list[Prepared]] = {}
    for one in batch:
        key = (one.routed, tuple(one.seen.shape), one.seen.dtype)
        alike.setdefault(key, []).append(one)
    for (routed, (views, *_), _), group in alike.items():
        inputs = list({id(one.seen): one.seen for one in group}.values())
        first = {id(seen): place * views for place, seen in enumerate(inputs)}
        rows = [first[id(one.seen)] + view for one in group for view in range(views)]
        who = [one.place for one in group for _ in range(views)]
        x = torch.cat(inputs)
        parts = []
        for start in range(0, len(rows), size):
            piece = rows[start : start + size]
            needed = sorted(set(piece))
            place = {row: number for number, row in enumerate(needed)}
            part = [place[row] for row in piece]
            parts.append(routed(x[needed], part, who[start : start + size]))
        whole = tree_map(lambda *found: torch.cat(found), *parts)
        for number, one in enumerate(group):
            yield one, rows_of(whole, number * views, (number + 1) * views)


def rows_of(features: Any, start: int, end: int) -> Any:
    """Some rows of all tensors of a backbone's output."""
    return tree_map(lambda part: part[start:end], features)


class _Seen(Exception):  # noqa: N818 - no error, a way out
    """Carries what a backbone was about to read out of a model."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.x = x


class Stub(nn.Module):
    """Stands for a backbone: its features, or a way out with what it would read."""

    def __init__(self, features: Any = None) -> None:
        super().__init__()
        self.features = features

    def forward(self, x: Tensor) -> Any:
        """The features that it was given."""
        if self.features is None:
            raise _Seen(x)
        return self.features


def around(model: Any, stub: Stub) -> Any:
    """A model with a stub for its backbone, which is handed all views at once.

    Everything else is the model's own, and that stays as it is.
    """
    outer = copy(model)
    outer._modules = {**model._modules, 'backbone': stub}
    if model.__dict__.get('test_cfg') is not None:
        outer.test_cfg = {**model.test_cfg, 'max_testing_views': None}
    return outer


def backbone_input(model: Any, data: dict[str, Any]) -> Tensor:
    """What the backbone of a model would read of a batch.

    Raises:
        ConfigError: It predicts without its backbone.
    """
    try:
        around(model, Stub())(**data, mode='predict')
    except _Seen as seen:
        return seen.x
    raise ConfigError(f'{type(model).__name__} predicts without its backbone.')


def finish(request: Prepared, features: Any) -> Any:
    """What a model predicts that is given its backbone's output."""
    outer = around(request.task.model, Stub(features))
    return outer(**request.data, mode='predict')[0]
