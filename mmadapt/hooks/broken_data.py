"""Training goes on past broken files, testing counts them as wrong; both say so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmengine.runner.base_loop import BaseLoop

from ..datasets.broken import check_limit
from ..datasets.tolerant import FileDataset, file_datasets
from ..errors import ConfigError
from .wrong_answers import WrongAnswers

__all__ = ['BrokenDataHook']

LISTED = 20
"""Broken files that the log lists at the end; all of them are in a file."""

FILE = 'broken_files.txt'


@HOOKS.register_module()
class BrokenDataHook(Hook):
    """Leaves broken photos and clips out of training, and reports each of them.

    A file counts as broken where its decoder refuses it. In training a sample drawn at
    random takes its place; each path is logged once, with the reason, and all of them
    at the end, and in ``broken_files.txt`` beside the log. In validation and testing
    it counts as wrong: see :func:`~mmadapt.hooks.wrong_answers.answer_wrong`; the
    metrics have their number, ``broken_files``, where there are any. Datasets that only
    validation or testing reads get ``test_mode``, as configs of MMPretrain leave it out
    and another sample would else be scored in place of a broken one.

    It needs datasets of :class:`~mmadapt.datasets.tolerant.FileDataset`; any other does
    with broken files what it always did.

    Args:
        share: Part of the training files that may be broken.
        least: As many may be broken in any case, but never all of them.

    Raises:
        ConfigError: A number that is none.
        DataError: More training files are broken, or none can be read.
    """

    priority = 'HIGHEST'  # before what logs the metrics

    def __init__(self, share: float = 0.01, least: int = 10) -> None:
        if isinstance(share, bool) or not 0 <= share <= 1:
            raise ConfigError(
                f'BrokenDataHook got share={share!r}: the part of the training files '
                'that may be broken, from 0 to 1.'
            )
        if not isinstance(least, int) or isinstance(least, bool) or least < 0:
            raise ConfigError(
                f'BrokenDataHook got least={least!r}: how many training files may be '
                'broken in any case, a whole number from 0 on.'
            )
        self.share = share
        self.least = least
        self.told: dict[str, str] = {}

    def before_run(self, runner: Runner) -> None:
        """Watch the data of every loop that is going to run.

        Raises:
            ConfigError: One dataset object is trained on and scored, without
                ``test_mode``.
        """
        for dataset in self.watched(runner, 'train'):
            allowed = max(int(self.share * len(dataset)), self.least)
            dataset.broken.watch(min(allowed, len(dataset) - 1))
        for kind in ('val', 'test'):
            for dataset in self.watched(runner, kind):
                self.score_its_own(runner, kind, dataset)
                dataset.broken.watch(len(dataset) - 1)
            loop = loop_of(runner, kind)
            if loop is not None and not isinstance(loop.evaluator, WrongAnswers):
                loop.evaluator = WrongAnswers(loop.evaluator)

    def watched(self, runner: Runner, kind: str) -> list[FileDataset]:
        """The datasets of files in one of the three loops, where it is built."""
        loop = loop_of(runner, kind)
        return [] if loop is None else file_datasets(loop.dataloader.dataset)

    def score_its_own(self, runner: Runner, kind: str, dataset: FileDataset) -> None:
        """See to it that no sample is scored in place of a broken one."""
        if dataset.test_mode:
            return
        if any(dataset is other for other in self.watched(runner, 'train')):
            raise ConfigError(
                f'{kind}_dataloader reads the very {type(dataset).__name__} object '
                'that is trained on, so that another sample would be scored in place '
                'of a broken one. Build it a second time, with test_mode=True.'
            )
        dataset.test_mode = True  # before the workers get it

    def tell(self, runner: Runner, kind: str, found: Mapping[str, str]) -> None:
        """Log what wasn't logged before."""
        for path, reason in found.items():
            if path not in self.told:
                self.told[path] = reason
                runner.logger.warning(
                    f'{kind} data: broken file {len(self.told)}: {reason}'
                )

    def after_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Report the files that turned out broken meanwhile."""
        for dataset in self.watched(runner, 'train'):
            self.tell(runner, 'training', dataset.broken.known())

    def after_train_epoch(self, runner: Runner) -> None:
        """Count what the other processes found too.

        Raises:
            DataError: All of them together found more than are tolerated.
        """
        for dataset in self.watched(runner, 'train'):
            found = gathered(dataset.broken.known())
            self.tell(runner, 'training', found)
            check_limit(found, dataset.broken.limit)

    def before_val_epoch(self, runner: Runner) -> None:
        """Begin to count."""
        clear(loop_of(runner, 'val'))

    def before_test_epoch(self, runner: Runner) -> None:
        """Begin to count."""
        clear(loop_of(runner, 'test'))

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Report the files that count as wrong."""
        self.score(runner, 'val', metrics)

    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Report the files that count as wrong."""
        self.score(runner, 'test', metrics)

    def score(
        self, runner: Runner, kind: str, metrics: dict[str, float] | None
    ) -> None:
        """Say how many samples of a loop were not read, and which."""
        loop = loop_of(runner, kind)
        if loop is None or not isinstance(loop.evaluator, WrongAnswers):
            return
        found = gathered(loop.evaluator.broken)
        if not found:
            return
        self.tell(runner, kind, found)
        runner.logger.warning(
            f'{kind} data: {len(found)} of {len(loop.dataloader.dataset)} files are '
            'broken and count as wrong in every number above and below.'
        )
        if metrics is not None:
            metrics['broken_files'] = len(found)

    def after_run(self, runner: Runner) -> None:
        """List all of them."""
        if not self.told:
            return
        lines = [' '.join(reason.split()) for reason in self.told.values()]
        more = f'\n  and {len(lines) - LISTED} more' if len(lines) > LISTED else ''
        file = Path(runner.log_dir) / FILE
        text = ''.join(f'{line}\n' for line in lines)
        file.write_text(text, encoding='utf-8', errors='backslashreplace')
        listed = '\n'.join(f'  {line}' for line in lines[:LISTED])
        runner.logger.warning(
            f'{len(lines)} broken files in all, also in {file}:\n{listed}{more}'
        )


def loop_of(runner: Runner, kind: str) -> Any:
    """A loop that is built already; asking the runner would build it."""
    loop = getattr(runner, f'_{kind}_loop')
    return loop if isinstance(loop, BaseLoop) else None


def clear(loop: Any) -> None:
    """Forget the broken samples of an earlier evaluation."""
    if loop is not None and isinstance(loop.evaluator, WrongAnswers):
        loop.evaluator.clear()


def gathered(found: Mapping[str, str]) -> dict[str, str]:
    """What all processes found; each of them has to ask."""
    everything: dict[str, str] = {}
    for part in all_gather_object(dict(found)):
        everything = {**part, **everything}
    return everything
