"""A loss or gradient that isn't finite stops the run, before it is saved."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from mmengine.device import is_cuda_available
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from ..errors import ConfigError, NonFiniteError
from ..optim.fused import is_fused
from ..optim.zero import ZeroOptimWrapper
from .batch_files import batch_files, described
from .finite_steps import FiniteSteps, agreed, scale_leaves_out
from .optimizers import optimizers, wrappers

__all__ = ['FiniteHook']

IN_A_ROW = 50
"""Steps that a loss scale may leave out: halved so often, any scale is below 1e-9."""


@dataclass
class Noted:
    """One update of the weights: whether its numbers were finite is still unread."""

    iteration: int
    finite: Tensor
    files: list[str]
    left_out: Tensor | bool | None
    """Whether the loss scale left it out; None where there was nothing to step."""


@HOOKS.register_module()
class FiniteHook(Hook):
    """Stops at a loss or gradient that is infinite or not a number.

    The loss, and the gradients before they are clipped by value, are looked at in front
    of the optimizer's step. On a CPU at once, so
    that the weights stay as they were; on a GPU the answers are read every
    ``interval`` updates and before each save, because reading one waits for the
    device. A fused optimizer leaves such a step out by itself, unread; with another
    one the weights may be spoilt then, no checkpoint is.

    A step that mixed precision leaves out, to find its loss scale, is no fault where
    the loss itself is finite; too many of them in a row are one, for the scale can't be
    what is wrong then. The gradients are those that all processes share, so that all of
    them stop, or leave out, alike; each names its own files.

    Args:
        skip: How many updates may be left out, each with a warning, before the run
            stops. Each answer is read at once then, on a GPU too. An update of several
            batches is left out as a whole, at its step. Refused with ZeroStrategy.
        interval: Updates between two readings on a GPU.

    Raises:
        ConfigError: A number that is none.
        NonFiniteError: With the iteration and the files of the batch.
    """

    def __init__(self, skip: int = 0, interval: int = 10) -> None:
        for name, value, least in (('skip', skip, 0), ('interval', interval, 1)):
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ConfigError(
                    f'FiniteHook got {name}={value!r}: a whole number from {least} on.'
                )
        self.skip = skip
        self.interval = interval
        self.skipped = 0
        self.files: list[str] = []
        self.noted: deque[Noted] = deque()
        self.handles: list[RemovableHandle] = []
        self.watched: list[FiniteSteps] = []
        self.stepped = False
        self.cleared = True
        self.left_out = 0
        self.marked = False

    def before_train(self, runner: Runner) -> None:
        """Watch the optimizers' steps."""

        def look(steps: FiniteSteps, optimizer: torch.optim.Optimizer, *_: Any) -> None:
            self.stepped = self.cleared = True
            left_out = scale_leaves_out(optimizer)
            # Losses are each process's own; gradients are those of all.
            finite = steps.finite(left_out)
            finite = agreed(finite) if self.skip else finite
            scaled = left_out is not None
            alone = runner.optim_wrapper is steps.wrapper  # one scale, one count
            counted = (left_out if scaled else False) if alone else None
            self.note(runner, finite, optimizer, counted)
            if self.noted and is_fused(optimizer) and not scaled:
                # Unread: the kernel itself leaves the step out where it isn't finite.
                # In all processes alike: a loss may be endless in one of them alone.
                applied = finite if self.skip else agreed(finite)
                setattr(optimizer, 'found_inf', (~applied).float())  # noqa: B010
                self.marked = True

        def unmark(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            if self.marked:
                delattr(optimizer, 'found_inf')
                self.marked = False

        for wrapper in wrappers(runner):
            if isinstance(wrapper, ZeroOptimWrapper):
                continue  # its own step stops, as only DeepSpeed sees the gradients
            steps, optimizer = FiniteSteps(wrapper), wrapper.optimizer
            self.watched.append(steps)
            before = partial(look, steps)
            self.handles.append(optimizer.register_step_pre_hook(before))
            self.handles.append(optimizer.register_step_post_hook(unmark))

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Remember which files are in the batch."""
        if self.cleared:  # else the gradients of the batches before are still there
            self.files = []
        self.files = self.files + batch_files(data_batch)
        self.stepped = self.cleared = False

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Look at the loss where no step was taken, which looks at it itself."""
        if not self.watched:  # DeepSpeed's steps: one in each iteration
            self.cleared = True
        loss = (outputs or {}).get('loss')
        if self.stepped or not isinstance(loss, Tensor):
            return
        if self.skip and any(steps.waits() for steps in self.watched):
            return  # the step decides on all batches of an update, in all processes
        finite = torch.isfinite(loss.detach()).all()
        for steps in self.watched:
            finite = steps.finite_losses(finite)
        finite = agreed(finite) if self.skip else finite
        wrapper = runner.optim_wrapper
        left_out = None
        if hasattr(wrapper, 'loss_scaler') and wrapper.should_update():
            self.cleared = left_out = True
        self.note(runner, finite, next(iter(optimizers(runner))), left_out)

    def note(
        self,
        runner: Runner,
        finite: Tensor,
        optimizer: torch.optim.Optimizer,
        left_out: Tensor | bool | None,
    ) -> None:
        """Keep an answer, and read all of them when it is time."""
        self.noted.append(Noted(runner.iter + 1, finite, self.files, left_out))
        at_once = self.skip > 0 or not is_cuda_available()
        if at_once or len(self.noted) >= self.interval:
            self.read(runner, optimizer)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Nothing is saved behind an update that wasn't finite."""
        self.read(runner)

    def after_train(self, runner: Runner) -> None:
        """Read what is left, and stop watching."""
        self.read(runner)
        for handle in self.handles:
            handle.remove()
        for steps in self.watched:
            steps.release()
        self.handles.clear()
        self.watched.clear()

    def read(
        self, runner: Runner, optimizer: torch.optim.Optimizer | None = None
    ) -> None:
        """Look at the answers so far.

        Raises:
            NonFiniteError: One isn't finite, and may not be left out.
        """
        while self.noted:
            note = self.noted.popleft()
            if bool(note.finite):
                self.count(note)
                continue
            self.skipped += 1
            where = f'iteration {note.iteration}, with {described(note.files)}'
            if self.skipped > self.skip or optimizer is None:
                left_out = f', after {self.skip} left out' if self.skip else ''
                raise NonFiniteError(
                    f'the loss or a gradient is not finite in {where}{left_out}. '
                    f'{self.remedy()}'
                )
            for group in optimizer.param_groups:
                for parameter in group['params']:
                    parameter.grad = None  # the step passes it over
            runner.logger.warning(
                f'update left out, not finite: {where} ({self.skipped} of at most '
                f'{self.skip})'
            )

    def count(self, note: Noted) -> None:
        """Count how often in a row the loss scale has left an update out.

        Raises:
            NonFiniteError: Too often.
        """
        if note.left_out is not None:
            self.left_out = self.left_out + 1 if bool(note.left_out) else 0
        if self.left_out > IN_A_ROW:
            raise NonFiniteError(
                f'{self.left_out} updates in a row, up to iteration {note.iteration}, '
                'were left out by the loss scale: the gradients are not finite at any '
                'scale, and nothing is learned. Train in float32 (without --amp), or '
                f'look at the data; the last batch held {described(note.files)}.'
            )

    def remedy(self) -> str:
        """What to do about it."""
        if not self.watched:
            return (
                'Lower the learning rate, clip the gradients '
                '(strategy.gradient_clipping=1), or look at these files.'
            )
        return (
            'Lower the learning rate, clip the gradients '
            '(optim_wrapper.clip_grad.max_norm=1), or look at these files. To leave '
            'out single updates: default_hooks.finite.skip=N.'
        )
