"""Datasets and pipelines as they are in memory, inside whatever wraps them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ['datasets_in', 'pipelines_in']


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


def pipelines_in(dataset: Any) -> list[Any]:
    """Their pipelines as they are now: a hook may have set another than the config's.

    Args:
        dataset: As above.
    """
    found = (getattr(one, 'pipeline', None) for one in datasets_in(dataset))
    return [pipeline for pipeline in found if pipeline is not None]
