"""Where in the data a run was: MMEngine starts the epoch over, or draws it anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner

from ..errors import TaskFileError
from .random_state import set_random_state

__all__ = ['go_on', 'position']


def position(
    runner: Runner, meta: Mapping[str, int], begun: tuple[int, int]
) -> dict[str, int]:
    """How many batches of its epoch a run has behind it, when it saves.

    Args:
        runner: What saves.
        meta: Its ``epoch`` and ``iter``, as the file names them. MMEngine writes a file
            again behind a validation, when the next epoch counts already.
        begun: Epoch and iteration at which the epoch under way began.
    """
    loop = runner.train_loop
    within = isinstance(loop, EpochBasedTrainLoop) and meta['epoch'] == begun[0]
    batches = meta['iter'] - begun[1] if within else 0
    return {'batches': batches, 'of': len(loop.dataloader)}


def go_on(
    runner: Runner,
    place: Mapping[str, int],
    start: Mapping[str, Any] | None,
    now: Mapping[str, Any] | None,
) -> None:
    """Let the loop begin with the very batch that comes next.

    Args:
        runner: Resumed, before its first epoch.
        place: What :func:`position` said.
        start: Random state at the start of the epoch, None where it isn't known.
        now: Random state when the file was written, likewise.

    Raises:
        TaskFileError: The file is from the midst of an epoch of another length.
    """
    loop = runner.train_loop
    if isinstance(loop, IterBasedTrainLoop):
        if loop.iter > 0 and now is not None:
            loop.dataloader_iterator = Skipped(loop.dataloader_iterator, loop.iter, now)
        return
    done = place.get('batches', 0)
    if done == 0:
        return
    if place['of'] != len(loop.dataloader):
        raise TaskFileError(
            f"'{runner._load_from}' was written after {done} of {place['of']} batches "
            f'of an epoch; here an epoch has {len(loop.dataloader)}. Resume with the '
            'same data, batch size and number of processes, or from a file that was '
            'written at the end of an epoch.'
        )
    loop.dataloader = RestOfEpoch(runner, loop.dataloader, done, start, now)


class Skipped:
    """An endless iterator of MMEngine, whose first batches are read and dropped.

    MMEngine does that with the generators of the run, and leaves them elsewhere.
    """

    def __init__(self, batches: Any, count: int, then: Mapping[str, Any]) -> None:
        self.batches, self.left, self.then = batches, count, then

    def __getattr__(self, name: str) -> Any:
        return getattr(self.batches, name)

    def __iter__(self) -> Skipped:
        return self

    def __next__(self) -> Any:
        batch = next(self.batches)
        if self.left > 0:
            self.left -= 1
            if self.left == 0:
                set_random_state(self.then)
        return batch


class RestOfEpoch:
    """A dataloader that begins behind its first batches, once.

    They are read and dropped, with the random state that the epoch began with: so the
    generators of worker processes are where they were, too.
    """

    def __init__(
        self,
        runner: Runner,
        loader: Any,
        done: int,
        start: Mapping[str, Any] | None,
        then: Mapping[str, Any] | None,
    ) -> None:
        self.runner, self.loader, self.done = runner, loader, done
        self.start, self.then = start, then

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        self.runner.train_loop.dataloader = self.loader
        if self.start is not None:
            set_random_state(self.start)
        batches = iter(self.loader)
        for _ in range(self.done):
            next(batches)
        if self.then is not None:
            set_random_state(self.then)
        yield from batches
