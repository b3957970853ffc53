"""How much of its time a training waits for data, in the log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from ..cache import CachedDataset
from ..datasets.threads import process_cores
from ..errors import ConfigError

__all__ = ['DataWaitHook']

SHARE = 'train/data_time_share'
FAST_CLIPS = (
    'encode the clips anew (tools/data/reencode.py, then data_root=FOLDER), or keep '
    'their frames (tools/data/frame_store.py, then frame_store=FOLDER); both change '
    'pixels a little'
)


@HOOKS.register_module()
class DataWaitHook(Hook):
    """Adds ``data_time_share`` to each line of the log, and sums it up at each epoch.

    The share is the time of fetching batches, the start of workers with it, by ``time``
    as MMEngine's IterTimerHook takes it, over the iterations that a line is about; what
    hooks and validations take, which ``data_time`` counts in part, is no waiting. That
    of an epoch is from the process that waited most. On a GPU the loss that MMEngine
    logs keeps the host in step, so that while it waits for data the device idles. The
    first epoch with a larger share than ``hint_above`` says what helps, the start of
    workers that stay apart.

    Args:
        hint_above: From 0 to 1.

    Raises:
        ConfigError: It isn't.
    """

    priority = 'HIGHEST'  # the fetch ends before any hook has the batch

    def __init__(self, hint_above: float = 0.1) -> None:
        if not isinstance(hint_above, (int, float)) or not 0 <= hint_above <= 1:
            raise ConfigError(
                f'DataWaitHook got hint_above={hint_above!r}: a share, from 0 to 1.'
            )
        self.hint_above = hint_above
        self.hinted = False
        self.waits: list[float] = []
        self.total = 0.0
        self.begin, self.note = BeginFetch(), NoteShare(self)
        self.wait = 0.0

    def before_train(self, runner: Runner) -> None:
        """Take the two other places among the hooks, once."""
        if self.note not in runner.hooks:
            runner.register_hook(self.note, 'NORMAL')  # timer, this, logger
            runner.register_hook(self.begin, 'LOWEST')

    def before_train_epoch(self, runner: Runner) -> None:
        """Start from nothing."""
        self.waits, self.total = [], 0.0

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """The batch is there."""
        self.wait = time.perf_counter() - self.begin.began

    def after_train_epoch(self, runner: Runner) -> None:
        """Say what the epoch's share was, and what helps if it is large."""
        first = self.waits[0] if self.waits else 0.0
        reports = all_gather_object((sum(self.waits), self.total, first))
        waited, total, first = max(reports, key=lambda report: share(*report[:2]))
        if not total:
            return
        slowest = ' in the process that waited most' if len(reports) > 1 else ''
        runner.logger.info(
            f'waited for data: {share(waited, total):.0%} of the epoch{slowest} '
            f'({waited:.1f} of {total:.1f} s; '
            f'{first:.1f} s for the first batch)'
        )
        if self.hinted or share(waited, total) <= self.hint_above:
            return
        loader = runner.train_loop.dataloader
        ways: list[str] = []
        if share(waited - first, total) > self.hint_above:
            ways += faster(loader)
        # Workers that stay start once; those that don't start at each epoch.
        if loader.num_workers and not loader.persistent_workers and first > waited / 2:
            ways.append(
                'keep the workers from one epoch to the next '
                '(train_dataloader.persistent_workers=True)'
            )
        if ways:
            self.hinted = True
            runner.logger.info(f'to wait less for data: {"; or ".join(ways)}.')


class BeginFetch(Hook):
    """Knows when the loop turns to its next batch: all hooks are through.

    Attributes:
        began: When, in seconds of ``time.perf_counter``.
    """

    def __init__(self) -> None:
        self.began = 0.0

    def before_train_epoch(self, runner: Runner) -> None:
        """Its workers start now, unless they stayed."""
        self.began = time.perf_counter()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """The next batch is that of this epoch."""
        self.began = time.perf_counter()

    def after_val(self, runner: Runner) -> None:
        """In a training by iterations a validation comes between two batches."""
        self.began = time.perf_counter()


class NoteShare(Hook):
    """Takes the times of each iteration, behind the timer and in front of the logger.

    Args:
        watch: Whose times they become.
    """

    def __init__(self, watch: DataWaitHook) -> None:
        self.watch = watch

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Take the times of this iteration."""
        hub = runner.message_hub
        if 'train/time' not in hub.log_scalars:
            return  # a config without the timer has no times in its log at all
        wait, whole = self.watch.wait, hub.get_scalar('train/time').current()
        self.watch.waits.append(wait)
        self.watch.total += whole
        # The log's mean over some iterations divides the sums of these two, which are
        # whole numbers, here of microseconds.
        micro = max(round(whole * 1e6), 1)
        hub.update_scalar(SHARE, round(wait * 1e6), count=micro, resumed=False)


def faster(loader: Any) -> Iterator[str]:
    """What would make a dataloader faster."""
    if isinstance(loader.dataset, CachedDataset):
        return  # it waits for the disk, and workers would too
    cores = process_cores()
    if loader.num_workers < cores:
        yield (
            f'more workers (train_dataloader.num_workers={cores}, now '
            f'{loader.num_workers}: one for each core of this process)'
        )
    dataset = loader.dataset
    while hasattr(dataset, 'dataset'):  # a wrapper, such as RepeatDataset
        dataset = dataset.dataset
    if getattr(dataset, 'frame_store', '') is None:
        yield FAST_CLIPS
    else:
        yield 'a machine with more cores for each GPU, or smaller files'


def share(waited: float, total: float) -> float:
    """The part of the time; 0 where there is none."""
    return waited / total if total else 0.0
