"""What a runner's optimizers hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner

from ..errors import FrozenTrunkError
from ..optim import TrainableOptimWrapperConstructor, ZeroOptimWrapper
from ..weights.differences import shortened
from ..wrapping import unwrapped
from .trained import adapter_parameters, named_parameters

__all__ = ['check_optimizer', 'groups_of', 'optimizers', 'wrappers']


def check_optimizer(runner: Runner) -> None:
    """Refuse an optimizer that leaves out what learns, or takes the trunk along.

    Raises:
        FrozenTrunkError: With the names of the parameters.
    """
    model = unwrapped(runner.model)
    groups = [group for wrapper in wrappers(runner) for group in groups_of(wrapper)]
    held = {id(parameter) for group in groups for parameter in group}
    for parameters, kind in (
        (adapter_parameters(model), 'adapter parameters'),
        (named_parameters(model), 'parameters that `trainable` names'),
    ):
        absent = [name for name, p in parameters.items() if id(p) not in held]
        if absent:
            raise FrozenTrunkError(
                f'{len(absent)} of {len(parameters)} {kind} are in no group of the '
                f'optimizer and would never learn: {shortened(absent)}. The optimizer '
                'was built before the adapters, or over a part of the model.'
            )
    ours = TrainableOptimWrapperConstructor.__name__
    config = runner.cfg.get('optim_wrapper') or {}
    if config.get('constructor') != ours:
        return  # MMEngine's own takes frozen parameters along, to no effect
    taken = [
        name
        for name, parameter in model.named_parameters()
        if not parameter.requires_grad and id(parameter) in held
    ]
    if taken:
        raise FrozenTrunkError(
            f'{len(taken)} frozen parameters are in the optimizer: {shortened(taken)}. '
            f'{ours} left them out, so that something froze them, or added them, '
            'since.'
        )


def optimizers(runner: Runner) -> Iterable[torch.optim.Optimizer]:
    """The optimizers of a runner."""
    return [
        wrapper.inner if isinstance(wrapper, ZeroOptimWrapper) else wrapper.optimizer
        for wrapper in wrappers(runner)
    ]


def wrappers(runner: Runner) -> list[OptimWrapper]:
    """What steps each of the optimizers of a runner."""
    wrapper = runner.optim_wrapper
    if isinstance(wrapper, OptimWrapperDict):
        return [inner for _, inner in wrapper.items()]
    return [wrapper]


def groups_of(wrapper: Any) -> list[list[Any]]:
    """The parameters of each group of an optimizer wrapper, as it was built."""
    if isinstance(wrapper, ZeroOptimWrapper):
        return wrapper.groups
    return [list(group['params']) for group in wrapper.optimizer.param_groups]
