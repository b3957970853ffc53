"""Options in which a config and the file to resume from differ, and which hold."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.optim import OptimWrapperDict
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler
from mmengine.runner import Runner
from torch.optim import Optimizer

from ..optim.fused import own_choices
from .optimizers import optimizers

__all__ = ['keep_own_choices', 'warn_changed_options']

STATE = ('last_step', 'optimizer', 'verbose')
"""Arguments of a schedule that are no options."""

OPTIMIZER_OPTIONS = ('lr', 'weight_decay', 'momentum', 'betas', 'eps')


def warn_changed_options(runner: Runner, checkpoint: Mapping[str, Any]) -> None:
    """Name the options of schedules and optimizers in which a file and a run differ.

    MMEngine loads them with their state, so that those of the file hold: a longer
    training goes on with the schedule of the shorter one.

    Args:
        runner: Whose optimizer and schedules are built, before it loads the file.
        checkpoint: Of a training, checked.
    """
    rows = [*changed_schedules(runner, checkpoint.get('param_schedulers', []))]
    for name, optimizer, saved in saved_optimizers(runner, checkpoint):
        rows += changed_groups(name, optimizer, saved)
    if rows:
        text = '\n'.join(f'  {row}' for row in rows)
        runner.logger.warning(
            f"'{runner._load_from}' was trained with other options than the config "
            f'has, and those of the file hold:\n{text}\nTo train with those of the '
            'config start a new training from its weights: --cfg-options '
            'load_from=FILE, without --resume.'
        )


def keep_own_choices(runner: Runner, checkpoint: Mapping[str, Any]) -> None:
    """Go on with the config's way of stepping, not the file's, which gives the same.

    Args:
        runner: Whose optimizer is built, before it loads the file.
        checkpoint: Of a training, checked; its groups are changed in place.
    """
    for _, optimizer, saved in saved_optimizers(runner, checkpoint):
        groups = own_choices(optimizer.param_groups, saved['param_groups'])
        saved['param_groups'] = groups


def saved_optimizers(
    runner: Runner, checkpoint: Mapping[str, Any]
) -> Iterator[tuple[str, Optimizer, dict[str, Any]]]:
    """Name, optimizer and saved state of each optimizer of a run."""
    saved, wrapper = checkpoint['optimizer'], runner.optim_wrapper
    if isinstance(wrapper, OptimWrapperDict):
        names = [name for name, _ in wrapper.items()]
        for name, optimizer in zip(names, optimizers(runner), strict=True):
            yield f'optimizer.{name}', optimizer, saved[name]
    else:
        for optimizer in optimizers(runner):
            yield 'optimizer', optimizer, saved


def changed_schedules(runner: Runner, saved: Any) -> Iterator[str]:
    """Where schedules differ: their number, kinds of options, or values."""
    own: Any = runner.param_schedulers or []
    if isinstance(own, Mapping):
        for name, schedules in own.items():
            theirs = saved.get(name, []) if isinstance(saved, Mapping) else []
            yield from changed_list(f'param_scheduler.{name}', schedules, theirs)
    else:
        yield from changed_list('param_scheduler', own, saved)


def changed_list(name: str, own: list[Any], saved: Any) -> Iterator[str]:
    """Where the schedules of one optimizer differ."""
    if not all(isinstance(one, _ParamScheduler) for one in own):
        return  # FlexibleRunner's are not built yet
    if len(own) != len(saved):
        yield f'{name}: {len(saved)} in the file, {len(own)} in the config'
    for index, (one, state) in enumerate(zip(own, saved, strict=False)):
        for option in options_of(one):
            mine = getattr(one, option)
            if option in state and plain(state[option]) != plain(mine):
                kind = type(one).__name__
                yield (
                    f'{name}[{index}] ({kind}).{option}: {state[option]} in the file, '
                    f'{mine} in the config'
                )


def options_of(schedule: _ParamScheduler) -> list[str]:
    """The options that a schedule keeps under the names of its arguments."""
    names = {
        name
        for kind in type(schedule).__mro__
        if '__init__' in vars(kind)
        for name in inspect.signature(vars(kind)['__init__']).parameters
    }
    return sorted(names.difference(STATE) & vars(schedule).keys())


def changed_groups(
    name: str, own: Optimizer, saved: Mapping[str, Any]
) -> Iterator[str]:
    """Where the groups of an optimizer differ, the first one of each option."""
    told = set()
    for mine, theirs in zip(own.param_groups, saved['param_groups'], strict=False):
        scheduled = [
            option
            for option in OPTIMIZER_OPTIONS
            if f'initial_{option}' in mine and f'initial_{option}' in theirs
        ]
        for option in OPTIMIZER_OPTIONS:
            # a schedule moves the option, and keeps what the config gave as initial
            key = f'initial_{option}' if option in scheduled else option
            if key in told or key not in mine or key not in theirs:
                continue
            values = [plain(mine[key]), plain(theirs[key])]
            if option == 'betas' and 'momentum' in scheduled:
                values = [betas[1:] for betas in values]  # the first is the momentum
            if values[0] != values[1]:
                told.add(key)
                yield (
                    f'{name}.{key}: {theirs[key]} in the file, {mine[key]} in the '
                    'config'
                )


def plain(value: Any) -> Any:
    """A value of a config as it is behind writing and reading."""
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value
