"""A loss or gradient that isn't finite stops the run, before it is saved."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.device import is_cuda_available
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.utils.hooks import RemovableHandle

from ..errors import ConfigError, NonFiniteError
from ..optim.fused import is_fused
from ..sharding import local
from .optimizers import optimizers

__all__ = ['FiniteHook', 'batch_files']

IN_A_ROW = 50
"""Steps that a loss scale may leave out: halved so often, any scale is below 1e-9."""

FILE_KEYS = ('img_path', 'filename')
"""Where the libraries' samples say which file they are."""


@dataclass
class Noted:
    """One update of the weights: whether its numbers were finite is still unread."""

    iteration: int
    finite: Tensor
    files: list[str]


@HOOKS.register_module()
class FiniteHook(Hook):
    """Stops at a loss or gradient that is infinite or not a number.

    The gradients are looked at in front of the optimizer's step. On a CPU at once, so
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
            stops. Each answer is read at once then, on a GPU too.
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
        self.stepped = False
        self.cleared = True
        self.left_out = 0
        self.marked = False

    def before_train(self, runner: Runner) -> None:
        """Watch the optimizers' steps."""

        def look(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            if scale_leaves_out(optimizer):
                return
            self.stepped = self.cleared = True
            finite = finite_gradients(optimizer)
            self.note(runner, finite, optimizer)
            scaled = hasattr(optimizer, 'found_inf')  # a loss scale's own, just read
            if self.noted and is_fused(optimizer) and not scaled:
                # Unread: the kernel itself leaves the step out where it isn't finite.
                setattr(optimizer, 'found_inf', (~finite).float())  # noqa: B010
                self.marked = True

        def unmark(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            if self.marked:
                delattr(optimizer, 'found_inf')
                self.marked = False

        for optimizer in optimizers(runner):
            self.handles.append(optimizer.register_step_pre_hook(look))
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
        """Look at the loss where no step was taken, whose gradients said it all."""
        loss = (outputs or {}).get('loss')
        if self.stepped or not isinstance(loss, Tensor):
            self.left_out = 0
            return
        first = next(iter(optimizers(runner)))
        self.note(runner, torch.isfinite(loss.detach()).all(), first)
        wrapper = runner.optim_wrapper
        if hasattr(wrapper, 'loss_scaler') and wrapper.should_update():
            self.cleared = True
            self.left_out += 1
        if self.left_out > IN_A_ROW:
            raise NonFiniteError(
                f'{self.left_out} updates in a row, up to iteration {runner.iter + 1}, '
                'were left out by the loss scale: the gradients are not finite at any '
                'scale, and nothing is learned. Train in float32 (without --amp), or '
                f'look at the data; the last batch held {described(self.files)}.'
            )

    def note(
        self, runner: Runner, finite: Tensor, optimizer: torch.optim.Optimizer
    ) -> None:
        """Keep an answer, and read all of them when it is time."""
        self.noted.append(Noted(runner.iter + 1, finite, self.files))
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
        self.handles.clear()

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
                continue
            self.skipped += 1
            where = f'iteration {note.iteration}, with {described(note.files)}'
            if self.skipped > self.skip or optimizer is None:
                left_out = f', after {self.skip} left out' if self.skip else ''
                raise NonFiniteError(
                    f'the loss or a gradient is not finite in {where}{left_out}. Lower '
                    'the learning rate, clip the gradients '
                    '(optim_wrapper.clip_grad.max_norm=1), or look at these files. '
                    'To leave out single updates: default_hooks.finite.skip=N.'
                )
            for group in optimizer.param_groups:
                for parameter in group['params']:
                    parameter.grad = None  # the step passes it over
            runner.logger.warning(
                f'update left out, not finite: {where} ({self.skipped} of at most '
                f'{self.skip})'
            )


def scale_leaves_out(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a fused optimizer was told by the loss scale to leave this step out.

    Other optimizers are not called at all then.
    """
    found: Tensor | None = getattr(optimizer, 'found_inf', None)
    return found is not None and bool(found)


def finite_gradients(optimizer: torch.optim.Optimizer) -> Tensor:
    """Whether all gradients of an optimizer are finite, as a bool tensor ``()``."""
    gradients = [
        parameter.grad
        for group in optimizer.param_groups
        for parameter in group['params']
        if parameter.grad is not None
    ]
    if not gradients:
        return torch.tensor(True)
    norms = torch._foreach_norm([local(g) for g in gradients], float('inf'))
    finite = torch.isfinite(
        torch.stack([n.float().to(norms[0].device) for n in norms])
    ).all()
    if isinstance(gradients[0], DTensor):  # each process has seen its own part
        least = finite.to(torch.uint8)
        all_reduce(least, op='min')
        finite = least.bool()
    return finite


def batch_files(batch: Any) -> list[str]:
    """The files that a batch was read from, as far as its samples say."""
    samples = batch.get('data_samples') if isinstance(batch, Mapping) else None
    return [str(file) for sample in flat(samples) for file in file_of(sample)]


def flat(samples: Any) -> Iterable[Any]:
    """Samples in lists, at any depth."""
    if isinstance(samples, (list, tuple)):
        for sample in samples:
            yield from flat(sample)
    elif samples is not None:
        yield samples


def file_of(sample: Any) -> list[Any]:
    """The file of one sample, or nothing."""
    info = getattr(sample, 'metainfo', {})
    return [info[key] for key in FILE_KEYS if key in info][:1]


def described(files: list[str]) -> str:
    """Which files a batch held."""
    if not files:
        return 'a batch whose samples do not name their files'
    return f'the files: {", ".join(files)}'
