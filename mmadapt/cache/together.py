"""Before anything is computed: what one process can't do, all refuse alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mmengine.dist import all_gather_object, get_dist_info

from ..errors import AdaptError, ConfigError
from .fill import take
from .room import check_room
from .split import Split

__all__ = ['take_room']


def take_room(splits: Sequence[Split]) -> None:
    """Take the room of all sets, for all processes, on one disk.

    The first process counts what all need, before any of them takes its part.

    Args:
        splits: All that is to be kept.

    Raises:
        ConfigError: There isn't enough room, or a process sees another folder than the
            first one.
        StorageError: The disk doesn't give it, or has no locks.
        DataError: A store's folder holds something that isn't ours.
    """
    rank, _ = get_dist_info()
    folder = splits[0].stores[0].folder.parent
    with in_all():
        if rank == 0:
            missing = (store.missing for split in splits for store in split.stores)
            check_room(folder, sum(missing))
    with in_all():
        for split in splits:
            take(split.stores[rank])
    with in_all():  # each has made its own, so that the first one's must be there
        if not all(split.stores[0].fits() for split in splits):
            raise ConfigError(
                f'{folder}: process {rank} does not see what process 0 has made there. '
                'Kept activations are read by all processes: give a folder on a disk '
                'that all machines of the run share.'
            )


@contextmanager
def in_all() -> Iterator[None]:
    """End all processes where one is refused, none of them waiting for it.

    Raises:
        AdaptError: This process's own, else that of the first that has one.
    """
    problem: AdaptError | None = None
    try:
        yield
    except AdaptError as error:
        problem = error
    found = [other for other in all_gather_object(problem) if other is not None]
    if found:
        raise problem or found[0]
