"""What the first training iteration of an adapted model must show."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import torch
from mmengine.dist import all_gather_object
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.utils.hooks import RemovableHandle

from ..errors import FrozenTrunkError
from ..weights.differences import shortened
from ..weights.fingerprint import hash_tensor
from ..weights.stamp import find_stamps
from ..wrapping import unwrapped
from .optimizers import check_optimizer, optimizers
from .trained import (
    adapter_parameters,
    allows_unused,
    named_parameters,
    whole_backbones,
)

__all__ = ['FirstIteration', 'check_thawed']

PATIENCE = 20
"""Iterations in which a loss scale may still be too high for finite gradients."""


class FirstIteration:
    """Watches the gradients of one iteration, and compares them with the plan.

    Args:
        runner: The runner, ready to train.

    Raises:
        FrozenTrunkError: Something trains that was to be frozen, or the other way
            round, before anything is trained.
    """

    def __init__(self, runner: Runner) -> None:
        self.model = unwrapped(runner.model)
        self.waited = 0
        self.finite: dict[str, Tensor] = {}
        self.handles: list[RemovableHandle] = []
        # Sharding puts other parameters in place of the model's own.
        self.done = isinstance(runner.model, FullyShardedDataParallel)
        if self.done:
            return
        check_thawed(self.model)
        check_optimizer(runner)
        for name, parameter in watched_parameters(self.model).items():
            self.handles.append(
                parameter.register_post_accumulate_grad_hook(self.note(name))
            )

    def note(self, name: str) -> Callable[[Tensor], None]:
        """A hook that notes whether a parameter's gradient is finite."""

        def hook(parameter: Tensor) -> None:
            if parameter.grad is not None:
                self.finite[name] = torch.isfinite(parameter.grad).all()

        return hook

    def check(self, runner: Runner) -> None:
        """Compare what happened with what must happen; called behind the update.

        Raises:
            FrozenTrunkError: An adapter, or a parameter that ``trainable`` names,
                without a finite gradient, a frozen parameter with one or with a state
                in the optimizer, processes that differ.
        """
        adapters = adapter_parameters(self.model)
        absent = [name for name in adapters if name not in self.finite]
        if absent:
            raise FrozenTrunkError(
                f'{len(absent)} of {len(adapters)} adapter parameters got no gradient '
                f'in the first iteration: {shortened(absent)}. Their adapters were '
                'not executed, or what they add does not reach the loss: a re-entrant '
                'activation checkpoint around a frozen input, a path that bypasses '
                'the block, a detached output, or a block that was skipped.'
            )
        self.check_named(runner)
        endless = [name for name, finite in self.finite.items() if not bool(finite)]
        if endless and self.may_wait(runner):
            self.finite.clear()
            return
        self.close()
        if endless:
            raise FrozenTrunkError(
                f'{len(endless)} of {len(watched_parameters(self.model))} parameters '
                'that train in the backbone got a gradient that is not finite in the '
                f'first iteration: {shortened(endless)}. '
                'Lower the learning rate, or look at the data.'
            )
        self.check_frozen(runner)
        check_processes(self.model)

    def check_named(self, runner: Runner) -> None:
        """Look for parameters beside the adapters that got no gradient.

        Raises:
            FrozenTrunkError: The config names them in ``trainable``, and doesn't say
                that some may be unused.
        """
        named = named_parameters(self.model)
        absent = [name for name in named if name not in self.finite]
        if absent and not allows_unused(runner):
            raise FrozenTrunkError(
                f'{len(absent)} of {len(named)} parameters that `trainable` names got '
                f'no gradient in the first iteration: {shortened(absent)}. They are '
                'inside a re-entrant activation checkpoint around a frozen input, or '
                'what they do does not reach the loss. Name in `trainable` what '
                'learns; where the model leaves parameters out on purpose, set '
                'find_unused_parameters=True in the config.'
            )
        absent += [
            name for name in whole_backbones(self.model) if name not in self.finite
        ]
        if absent:
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


def watched_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """All parameters of the backbones that train."""
    named = {**adapter_parameters(model), **named_parameters(model)}
    return {**named, **whole_backbones(model)}


def check_thawed(model: nn.Module) -> None:
    """Refuse a backbone in which other parameters train than its config says.

    Raises:
        FrozenTrunkError: With their names.
    """
    for backbone, stamp in find_stamps(model).items():
        trained: Mapping[str, object] = stamp.content['trained']
        thawed, frozen = [], []
        for name, parameter in model.get_submodule(backbone).named_parameters():
            if parameter.requires_grad and name not in trained:
                thawed.append(name)
            if not parameter.requires_grad and name in trained:
                frozen.append(name)
        for names, state, wish in (
            (thawed, 'trains', 'frozen'),
            (frozen, 'is frozen', 'to train'),
        ):
            if names:
                raise FrozenTrunkError(
                    f'in {backbone or type(model).__name__}, {len(names)} parameters '
                    f'whose requires_grad was changed since it was built: what '
                    f'{state} is by its config {wish}: {shortened(names)}. Say in the '
                    "backbone's `trainable` what trains; nothing else may set it."
                )


def check_processes(model: nn.Module) -> None:
    """Refuse processes whose trained parameters differ behind the first update.

    Raises:
        FrozenTrunkError: With the numbers of the processes.
    """
    digest = hashlib.sha256()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            digest.update(f'{name} {hash_tensor(parameter)}'.encode())
    digests = all_gather_object(digest.hexdigest())
    differ = [rank for rank, other in enumerate(digests) if other != digests[0]]
    if differ:
        raise FrozenTrunkError(
            f'process 0 and {", ".join(map(str, differ))} of {len(digests)} hold '
            'different trained parameters after the first update: their gradients '
            'were not averaged. Wrap the model (model_wrapper_cfg) before training, '
            'with its adapters in it.'
        )
