"""Computing what is to be kept, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..datasets.official.progress import Progress
from ..datasets.tolerant import file_datasets
from .labels import pack
from .lock import alone
from .source import Source
from .store import Store

__all__ = ['fill', 'take']

NOTE = 20  # batches between two notes of what is whole


def take(store: Store) -> None:
    """Take the room of a store from the disk, before anything is computed.

    A store that is whole is not touched: it may lie where nothing can be written.

    Args:
        store: Of this process alone, or of another run that is waited for.

    Raises:
        StorageError: The disk doesn't give it, or the folder can't be locked.
        DataError: The store's folder holds something that isn't ours.
    """
    if not store.whole:
        with alone(store.folder):
            store.create()


def fill(
    source: Source, store: Store, places: Sequence[tuple[int, int]], text: str
) -> None:
    """Compute the rows that a store lacks; an interrupted filling goes on.

    Another process that fills the same store is waited for.

    Args:
        source: Where they come from.
        store: Where they go.
        places: (view, sample) of each row.
        text: What is being done, for the bar.

    Raises:
        StorageError: They can't be written.
        DataError: More files are broken than are tolerated, or the store's folder holds
            something that isn't ours.
    """
    if store.whole:
        return
    with alone(store.folder):
        store.create()
        if not store.whole:  # else the one that was waited for made it
            compute(source, store, places, text)


def compute(
    source: Source, store: Store, places: Sequence[tuple[int, int]], text: str
) -> None:
    """The same, in a store that is this process's alone."""
    store.cut_labels()
    mapped, done = store.open(), store.done
    labels: list[dict[str, Any]] = []
    datasets = file_datasets(source.dataset)
    earlier = store.read_broken()
    with Progress(store.rows, text) as progress:
        for number, (rows, samples) in enumerate(source.batches(places[done:])):
            mapped[done : done + len(rows)] = rows.detach().to('cpu')
            labels += [pack(sample) for sample in samples]
            done += len(rows)
            progress.update(done)
            if number % NOTE == NOTE - 1 or done == store.rows:
                found = [dict(dataset.broken.known()) for dataset in datasets]
                store.finish(labels, done, merged(earlier, found))
                labels = []


def merged(
    earlier: Sequence[dict[str, str]], found: Sequence[dict[str, str]]
) -> list[dict[str, str]]:
    """What an interrupted filling found broken, and this one, for each dataset."""
    before = [*earlier, *({} for _ in found)][: len(found)]
    return [{**old, **new} for old, new in zip(before, found)]
