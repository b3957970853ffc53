"""Proof that the frozen trunk is there and stays as it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, Runner
from torch import Tensor, nn

from ..apis.meta import check_class_names
from ..apis.preprocessing import PREPROCESSING, check_preprocessing, preprocessing
from ..errors import FrozenTrunkError
from ..hosts.norm import fix_statistics
from ..sharding import is_sharded
from ..weights.differences import shortened
from ..weights.fingerprint import hash_tensor
from ..weights.stamp import find_stamps
from ..wrapping import unwrapped
from .first_iteration import FirstIteration
from .precision import check_precision
from .start import batch_line, check_batches, check_split, check_trunks, start_line
from .sync_buffers import check_synced

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
    by hash. Several processes have to apply the same gradients, to the same trunk, and
    to share the statistics that they train.

    Raises:
        FrozenTrunkError: Any of this is not so. Nothing is saved then.
        DataError: No batch to train on; with a sharded model, processes with a batch
            more than others.
        ConfigError: No hook that shares the statistics, or a trunk in bfloat16 and a
            training in another precision.
        TaskFileError: A checkpoint of other classes than those of the data, or trained
            on pixels of another normalisation.
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
        check_precision(runner)
        # By iterations each process begins its data anew when it needs to.
        together = is_sharded(model) and isinstance(
            runner.train_loop, EpochBasedTrainLoop
        )
        check_batches(runner, together)
        fix_norms(model)
        runner.logger.info(start_line(model))
        if (line := batch_line(runner)) is not None:
            runner.logger.warning(line)
        with self.timed():
            frozen = dict(frozen_tensors(model))
            check_synced(runner, frozen)
            self.hashes = {name: hash_tensor(t) for name, t in frozen.items()}
            self.first = FirstIteration(runner, self.hashes)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Check the iterations up to the first update."""
        if self.first is not None and not self.first.done:
            with self.timed():
                self.first.check(runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare a task file with the data: its classes, and how it sees pixels."""
        model = unwrapped(runner.model)
        if not find_stamps(model):
            return  # a plain model may begin with the weights of other classes
        check_preprocessing(str(runner._load_from), checkpoint, model)
        for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
            if isinstance(loop, BaseLoop):  # else it isn't built, and not run
                dataset = loop.dataloader.dataset
                check_class_names(str(runner._load_from), checkpoint, dataset)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the frozen tensors with the start's: no file of a changed trunk.

        The file is told how the model sees pixels.
        """
        if self.hashes:
            self.compare(runner)
        model = unwrapped(runner.model)
        if find_stamps(model):
            checkpoint.setdefault('meta', {})[PREPROCESSING] = preprocessing(model)

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
        """Check that the trunk has weights, and that each sample counts once."""
        model = unwrapped(runner.model)
        check_trunks(model)
        check_split(runner.val_loop, is_sharded(model))

    def before_test(self, runner: Runner) -> None:
        """Check that the trunk has weights, and that each sample counts once."""
        model = unwrapped(runner.model)
        check_trunks(model)
        check_split(runner.test_loop, is_sharded(model))


def frozen_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors that training may not change.

    They are all parameters that need no gradient, and in the adapted backbones all
    buffers but the trained ones, those that no state dict holds included.
    """
    stamps = find_stamps(model)
    trained = {
        f'{backbone}.{name}' if backbone else name
        for backbone, stamp in stamps.items()
        for name in stamp.content['trained']
    }
    if stamps:
        for name, parameter in model.named_parameters():
            if name not in trained and not parameter.requires_grad:
                yield name, parameter
    for backbone, stamp in stamps.items():
        if stamp.content['trainable'] == 'all':
            continue
        lead = f'{backbone}.' if backbone else ''
        inside = model.get_submodule(backbone)
        for name, buffer in inside.named_buffers(prefix=backbone):
            own = name.removeprefix(lead)
            if not own.startswith('task_stamp.') and name not in trained:
                yield name, buffer


def fix_norms(model: nn.Module) -> None:
    """Fix the statistics of BatchNorm layers that were put in the place of fixed ones.

    MMEngine does so while it wraps a model: ``sync_bn`` in a config makes them
    SyncBatchNorm layers, and a single process turns those into others.
    """
    for backbone, stamp in find_stamps(model).items():
        for name, module in model.get_submodule(backbone).named_modules():
            if f'{name}.running_mean' not in stamp.content['trained']:
                fix_statistics(module)
