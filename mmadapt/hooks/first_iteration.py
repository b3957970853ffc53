"""What the first training iteration of an adapted model must show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from mmengine.dist import all_gather_object
from mmengine.runner import Runner
from torch import Tensor
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.utils.hooks import RemovableHandle

from ..errors import FrozenTrunkError
from ..optim import ZeroOptimWrapper
from ..parts import local
from ..sharding import is_sharded
from ..weights.differences import shortened
from ..wrapping import unwrapped
from .optimizers import check_optimizer, optimizers
from .processes import check_processes, digest
from .trained import (
    adapter_parameters,
    allows_unused,
    check_thawed,
    named_parameters,
    watched_parameters,
)

__all__ = ['FirstIteration']

PATIENCE = 20
"""Iterations in which a loss scale may still be too high for finite gradients."""


class FirstIteration:
    """Watches the gradients up to the first update, and compares them with the plan.

    All processes decide alike: what one of them finds, all of them know.

    Args:
        runner: The runner, ready to train.
        frozen: Hashes of the frozen tensors by name.

    Raises:
        FrozenTrunkError: Something trains that was to be frozen, or the other way
            round, before anything is trained.
    """

    def __init__(self, runner: Runner, frozen: Mapping[str, str]) -> None:
        self.model = unwrapped(runner.model)
        self.frozen = frozen
        self.waited = 0
        self.finite: dict[str, Tensor] = {}
        self.applied: str | None = None
        self.handles: list[RemovableHandle] = []
        self.sharded = is_sharded(self.model)
        # FSDP's first form puts other parameters in place of the model's own.
        self.done = isinstance(runner.model, FullyShardedDataParallel)
        if self.done:
            return
        check_thawed(self.model)
        check_optimizer(runner)
        # DeepSpeed has a zero for every gradient that is absent.
        self.done = isinstance(runner.optim_wrapper, ZeroOptimWrapper)
        if self.done:
            return
        if not self.sharded:
            for name, parameter in watched_parameters(self.model).items():
                hook = self.note(name)
                self.handles.append(parameter.register_post_accumulate_grad_hook(hook))
        for optimizer in optimizers(runner):
            self.handles.append(optimizer.register_step_pre_hook(self.update))

    def note(self, name: str) -> Callable[[Tensor], None]:
        """A hook that notes whether a parameter's gradient is finite."""

        def hook(parameter: Tensor) -> None:
            if parameter.grad is not None:
                self.finite[name] = torch.isfinite(local(parameter.grad)).all()

        return hook

    def look(self) -> None:
        """Note the gradients of a sharded model, of this process's parts.

        ``fully_shard`` sets them where no hook of a parameter sees it; they stay until
        the update is made.
        """
        if self.sharded:
            for name, parameter in watched_parameters(self.model).items():
                self.note(name)(parameter)

    def update(self, *_: Any) -> None:
        """Remember the gradients of the first update, as all processes share them.

        The learning rate may start at 0, which leaves equal parameters equal. Parts of
        a sharded model have no equals.
        """
        self.look()
        if self.sharded:
            self.applied = ''
        elif self.applied is None:
            self.applied = digest(
                (name, parameter.grad)
                for name, parameter in self.model.named_parameters()
                if parameter.requires_grad and parameter.grad is not None
            )

    def check(self, runner: Runner) -> None:
        """Compare what happened with what must happen; called behind each iteration,
        until there was an update.

        Raises:
            FrozenTrunkError: An adapter, or a parameter that ``trainable`` names,
                without a finite gradient, a frozen parameter with one or with a state
                in the optimizer, processes that differ.
        """
        self.look()
        watched = watched_parameters(self.model)
        absent = [name for name in watched if name not in self.finite]
        endless = [name for name, finite in self.finite.items() if not bool(finite)]
        reports = all_gather_object((absent, endless, self.applied is not None))
        absent, endless = (merged([r[i] for r in reports]) for i in (0, 1))
        # A step that a loss scale left out took the gradients of the parts with it.
        left_out = self.sharded and self.applied is None and len(absent) == len(watched)
        if left_out and self.may_wait(runner):
            return
        self.check_absent(runner, absent)
        if endless and self.may_wait(runner):
            self.finite.clear()
            self.applied = None
            return
        if endless:
            self.close()
            raise FrozenTrunkError(
                f'{len(endless)} of {len(watched)} parameters that train in the '
                'backbone got a gradient that is not finite in the first iteration: '
                f'{shortened(endless)}. '
                'Lower the learning rate, or look at the data.'
            )
        if not all(report[2] for report in reports):
            return  # gradients are still being accumulated
        self.close()
        self.check_frozen(runner)
        if not self.sharded:
            check_processes(self.model, self.frozen, self.applied)

    def check_absent(self, runner: Runner, absent: list[str]) -> None:
        """Look at those parameters that got no gradient in some process.

        Raises:
            FrozenTrunkError: They are of an adapter, or the config names them in
                ``trainable`` and doesn't say that some may be unused.
        """
        adapters, named = (
            adapter_parameters(self.model),
            named_parameters(self.model),
        )
        lost = [name for name in absent if name in adapters]
        if lost:
            raise FrozenTrunkError(
                f'{len(lost)} of {len(adapters)} adapter parameters got no gradient '
                f'in the first iteration: {shortened(lost)}. Their adapters were '
                'not executed, or what they add does not reach the loss: a re-entrant '
                'activation checkpoint around a frozen input, a path that bypasses '
                'the block, a detached output, or a block that was skipped.'
            )
        lost = [name for name in absent if name in named]
        if lost and not allows_unused(runner):
            raise FrozenTrunkError(
                f'{len(lost)} of {len(named)} parameters that `trainable` names got '
                f'no gradient in the first iteration: {shortened(lost)}. They are '
                'inside a re-entrant activation checkpoint around a frozen input, or '
                'what they do does not reach the loss. Name in `trainable` what '
                'learns; where the model leaves parameters out on purpose, set '
                'find_unused_parameters=True in the config.'
            )
        if absent and not self.waited:
            runner.logger.warning(
                f'{len(absent)} parameters that are to train got no gradient in the '
                f'first iteration: {shortened(absent)}.'
            )

    def may_wait(self, runner: Runner) -> bool:
        """Whether a dynamic loss scale still looks for its level."""
        self.waited += 1
        scaled = hasattr(runner.optim_wrapper, 'loss_scaler')
        return scaled and self.waited < PATIENCE

    def check_frozen(self, runner: Runner) -> None:
        """Refuse frozen parameters that got a gradient, or an optimizer's state.

        Raises:
            FrozenTrunkError: With their names.
        """
        frozen = {
            name: parameter
            for name, parameter in self.model.named_parameters()
            if not parameter.requires_grad
        }
        moved = [
            name for name, parameter in frozen.items() if parameter.grad is not None
        ]
        states = {id(p) for optimizer in optimizers(runner) for p in optimizer.state}
        kept = [name for name, parameter in frozen.items() if id(parameter) in states]
        for names, what in ((moved, 'a gradient'), (kept, 'a state in the optimizer')):
            if names:
                raise FrozenTrunkError(
                    f'{len(names)} frozen parameters got {what} in the first '
                    f'iteration: {shortened(names)}. Something trains them behind the '
                    'back of the config: a hook, or an optimizer built by hand.'
                )

    def close(self) -> None:
        """Stop watching."""
        self.done = True
        for handle in self.handles:
            handle.remove()
        self.handles.clear()


def merged(lists: list[list[str]]) -> list[str]:
    """Names of several lists, each once, in their order."""
    return list(dict.fromkeys(name for names in lists for name in names))
