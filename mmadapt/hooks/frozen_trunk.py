"""Proof that the frozen trunk is there and stays as it is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor, nn

from ..adapt import is_trained
from ..errors import DataError, FrozenTrunkError
from ..hosts.norm import fix_statistics
from ..report import parameter_report
from ..weights.differences import shortened
from ..weights.fingerprint import hash_tensor
from ..weights.stamp import TaskStamp, find_stamps
from ..wrapping import unwrapped
from .first_iteration import FirstIteration

__all__ = ['FrozenTrunkHook', 'frozen_tensors']


@HOOKS.register_module()
class FrozenTrunkHook(Hook):
    """Proof that what was to train trains, and nothing else.

    At the start it refuses a trunk that never got weights, an optimizer without the
    adapters, a parameter that was thawed or frozen since, and a training set of less
    than one batch, and writes one line: what trains, on which trunk. The first
    iteration must give every adapter and all that ``trainable`` names a finite
    gradient, and no frozen parameter one.
    Before each save and at the end every frozen tensor is compared with the start,
    by hash.

    Raises:
        FrozenTrunkError: Any of this is not so. Nothing is saved then.
        DataError: No batch to train on.
    """

    def __init__(self) -> None:
        self.hashes: dict[str, str] = {}
        self.first: FirstIteration | None = None
        self.started = 0.0
        self.seconds = 0.0
        self.checks = 0

    def before_train(self, runner: Runner) -> None:
        """Check the trunk and the data, and remember the frozen tensors."""
        self.started = time.perf_counter()
        model = unwrapped(runner.model)
        check_trunks(model)
        check_batches(runner)
        fix_norms(model)
        runner.logger.info(start_line(model))
        with self.timed():
            self.first = FirstIteration(runner)
            self.hashes = {name: hash_tensor(t) for name, t in frozen_tensors(model)}

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Check the first iteration."""
        if self.first is not None and not self.first.done:
            with self.timed():
                self.first.check(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the frozen tensors with the start's: no file of a changed trunk."""
        if self.hashes:
            self.compare(runner)

    def after_train(self, runner: Runner) -> None:
        """Compare the frozen tensors with the start's."""
        if not self.hashes:
            return
        self.compare(runner)
        total = time.perf_counter() - self.started
        runner.logger.info(
            f'frozen trunk unchanged: {len(self.hashes)} tensors, checked '
            f'{self.checks} times in {self.seconds:.2f} s '
            f'({100 * self.seconds / total:.1f} % of the training)'
        )

    def compare(self, runner: Runner) -> None:
        """Compare the frozen tensors with the start's.

        Raises:
            FrozenTrunkError: With the names of those that changed.
        """
        self.checks += 1
        with self.timed():
            model = unwrapped(runner.model)
            now = {name: hash_tensor(t) for name, t in frozen_tensors(model)}
        changed = [n for n, digest in self.hashes.items() if now.get(n) != digest]
        if changed:
            raise FrozenTrunkError(
                f'{len(changed)} of {len(self.hashes)} frozen tensors changed in '
                f'training: {shortened(changed)}. '
                'Something writes to the trunk (a hook, an optimizer built by hand, a '
                'layer that keeps statistics); the task files of this run do not fit '
                'the trunk they name.'
            )

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Add the time inside to what the checks take."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - start

    def before_val(self, runner: Runner) -> None:
        """Check that the trunk has weights."""
        check_trunks(unwrapped(runner.model))

    def before_test(self, runner: Runner) -> None:
        """Check that the trunk has weights."""
        check_trunks(unwrapped(runner.model))


def frozen_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors of the adapted backbones' frozen parameters and buffers."""
    for backbone, stamp in find_stamps(model).items():
        lead = f'{backbone}.' if backbone else ''
        for name, tensor in model.get_submodule(backbone).state_dict().items():
            inside_stamp = name.startswith('task_stamp.')
            if not inside_stamp and name not in stamp.content['trained']:
                yield f'{lead}{name}', tensor


def fix_norms(model: nn.Module) -> None:
    """Fix the statistics of BatchNorm layers that were put in the place of fixed ones.

    MMEngine does so while it wraps a model: ``sync_bn`` in a config makes them
    SyncBatchNorm layers, and a single process turns those into others.
    """
    for backbone, stamp in find_stamps(model).items():
        for name, module in model.get_submodule(backbone).named_modules():
            if f'{name}.running_mean' not in stamp.content['trained']:
                fix_statistics(module)


def check_trunks(model: nn.Module) -> None:
    """Refuse a backbone whose frozen trunk never got weights.

    Raises:
        FrozenTrunkError: With the backbone's name.
    """
    for backbone, stamp in find_stamps(model).items():
        if stamp.trunk_state == 'none':
            raise FrozenTrunkError(
                f'the trunk of {backbone or type(model).__name__} has no weights '
                "(init_cfg=None). Give it init_cfg=dict(type='PretrainedTrunk', "
                "checkpoint=FILE), or dict(type='RandomTrunk') where random weights "
                'are meant.'
            )


def check_batches(runner: Runner) -> None:
    """Refuse a training set that doesn't fill one batch.

    Raises:
        DataError: With the size of set and batch.
    """
    loader = runner.train_dataloader
    if isinstance(loader, Sized) and len(loader) == 0:
        raise DataError(
            f'the training set has {len(loader.dataset)} samples, less than one batch '  # type: ignore[attr-defined]
            f'of {getattr(loader, "batch_size", "?")} (drop_last=True, for the '
            "head's BatchNorm). Lower train_dataloader.batch_size."
        )


def start_line(model: nn.Module) -> str:
    """What trains, and on which trunk."""
    parts = [str(parameter_report(model))]
    for stamp in find_stamps(model).values():
        parts += describe_trunk(stamp)
    return ', '.join(parts)


def describe_trunk(stamp: TaskStamp) -> list[str]:
    """File, fingerprint and coverage of one trunk."""
    parts = ['random trunk' if stamp.report is None else f'trunk {stamp.report.file}']
    if stamp.record.fingerprint:
        parts.append(f'fingerprint {stamp.record.fingerprint[:8]}')
    if stamp.report is not None:
        parts.append(f'coverage {stamp.report.coverage}')
        trainable = stamp.content['trainable']
        fresh = [n for n in stamp.report.fresh if is_trained(n, trainable)]
        if fresh:
            parts.append(f'not in the file, and trained: {shortened(fresh)}')
    return parts
