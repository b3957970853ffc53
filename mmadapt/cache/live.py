"""Datasets and pipelines as they are in memory, inside whatever wraps them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from mmengine.dataset import Compose

__all__ = ['datasets_in', 'steps_in']


def datasets_in(dataset: Any) -> Iterator[Any]:
    """A dataset, and those inside it.

    Args:
        dataset: As MMEngine's wrappers keep others: in ``dataset`` or ``datasets``.
    """
    yield dataset
    inner = [getattr(dataset, 'dataset', None), *(getattr(dataset, 'datasets', ()))]
    for one in inner:
        if one is not None:
            yield from datasets_in(one)


def steps_in(dataset: Any) -> list[Any]:
    """The steps of their pipelines as they are now, and those inside a step.

    A hook may have set another pipeline than the config's.

    Args:
        dataset: As above.
    """
    found = (getattr(one, 'pipeline', None) for one in datasets_in(dataset))
    kinds: tuple[type, ...] = (Compose,)
    if find_spec('mmcv') is not None:
        from mmcv.transforms import BaseTransform

        kinds = (Compose, BaseTransform)
    steps: dict[int, Any] = {}
    for pipeline in found:
        collect(pipeline, kinds, steps)
    return list(steps.values())


def collect(value: Any, kinds: tuple[type, ...], steps: dict[int, Any]) -> None:
    """Add a step, and those inside it where its kind has some, once each."""
    if isinstance(value, list | tuple):
        for part in value:
            collect(part, kinds, steps)
    elif isinstance(value, kinds) and id(value) not in steps:
        steps[id(value)] = value
        for part in vars(value).values():
            collect(part, kinds, steps)
    elif value is not None and callable(value):
        steps.setdefault(id(value), value)
