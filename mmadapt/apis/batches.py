"""Prepared requests, so many at once as a trunk reads in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from .routed import RoutedBackbone, in_order
from .task import TaskModel

__all__ = ['Prepared', 'batches', 'passed']


@dataclass
class Prepared:
    """A request on its way.

    Attributes:
        number: Which one it is.
        file: What it is about.
        task: Its task.
        routed: The pass that it takes.
        place: The task's number there.
        seen: What the backbone reads of it, ``(V, ...)`` for V views.
        data: What the model is given, as the data preprocessor returned it.
    """

    number: int
    file: str
    task: TaskModel
    routed: RoutedBackbone
    place: int
    seen: Tensor
    data: dict[str, Any]


def batches(requests: Iterable[Prepared], size: int) -> Iterator[list[Prepared]]:
    """So many files that the trunk reads so many rows of them, or some more.

    The requests of a file stay together: what they have in common is computed once.

    Args:
        requests: Those of a file one behind the other.
        size: Rows; what several requests have in common counts once.
    """
    batch: list[Prepared] = []
    for _, group in groupby(requests, key=lambda one: one.file):
        batch += group
        if sum(map(len, distinct(batch))) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def distinct(requests: Iterable[Prepared]) -> list[Tensor]:
    """What requests read, each once."""
    return list({id(one.seen): one.seen for one in requests}.values())


def passed(batch: Sequence[Prepared], size: int) -> Iterator[tuple[Prepared, Any]]:
    """Requests and what their backbones give; those of one shape and build at once.

    Args:
        batch: Some requests.
        size: Rows at a time, each with all tasks that ask for it.
    """
    alike: dict[Any, list[Prepared]] = {}
    for one in batch:
        key = (one.routed, tuple(one.seen.shape), one.seen.dtype)
        alike.setdefault(key, []).append(one)
    for (routed, (views, *_), _), group in alike.items():
        inputs = distinct(group)
        first = {id(seen): place * views for place, seen in enumerate(inputs)}
        rows = [first[id(one.seen)] + view for one in group for view in range(views)]
        who = [one.place for one in group for _ in range(views)]
        x = torch.cat(inputs)
        parts: list[Any] = []
        order: list[int] = []
        for start in range(0, len(x), size):
            here = [i for i, row in enumerate(rows) if start <= row < start + size]
            part = [rows[i] - start for i in here]
            parts.append(routed(x[start : start + size], part, [who[i] for i in here]))
            order += here
        whole = in_order(parts, order, x.device)
        for number, one in enumerate(group):
            yield one, rows_of(whole, number * views, (number + 1) * views)


def rows_of(features: Any, start: int, end: int) -> Any:
    """Some rows of all tensors of a backbone's output."""
    return tree_map(lambda part: part[start:end], features)
