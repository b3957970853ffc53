"""Whether what a checkpoint holds beside the weights is what a run goes on from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.hooks import EMAHook
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor

from ..errors import TaskFileError
from ..weights.task_file import check_task_state
from ..weights.values import not_finite
from ..wrapping import unwrapped
from .gradients import wrong_gradients
from .hook_states import wrong_hook_states
from .optimizers import groups_of

__all__ = ['check_resumable']

MOMENTS = ('exp_avg', 'exp_avg_sq', 'max_exp_avg_sq', 'momentum_buffer')
"""What SGD and the Adam family keep for each parameter, in its shape."""


def check_resumable(runner: Runner, checkpoint: Mapping[str, Any]) -> None:
    """Refuse a file whose parts are of another kind, before any of them is used.

    Args:
        runner: Before it resumes.
        checkpoint: What the file holds.

    Raises:
        TaskFileError: With every part that is wrong.
    """
    rows = list(wrong_parts(checkpoint))
    if not rows:
        # Another task's file says so, rather than that its optimizer doesn't fit.
        check_task_state(unwrapped(runner.model), checkpoint['state_dict'])
        check_average(runner, checkpoint)
        wrapper = runner.optim_wrapper
        if isinstance(runner, Runner):  # FlexibleRunner's strategy has built its own
            wrapper = runner.optim_wrapper = runner.build_optim_wrapper(wrapper)
        rows += wrong_gradients(runner, checkpoint)
        saved = checkpoint['optimizer']
        if isinstance(wrapper, OptimWrapperDict):
            for name, inner in wrapper.items():
                rows += wrong_states(groups_of(inner), saved.get(name), f'.{name}')
        else:
            rows += wrong_states(groups_of(wrapper), saved)
    if rows:
        text = '\n'.join(f'  {row}' for row in rows)
        raise TaskFileError(
            f"'{runner._load_from}' can not be resumed from:\n{text}\nTake another "
            'file of the run, or start a new training from its weights, with '
            '--cfg-options load_from=FILE and without --resume.'
        )


def check_average(runner: Runner, checkpoint: Mapping[str, Any]) -> None:
    """Refuse to train on from averaged weights, as if they were those of the steps.

    EMAHook writes its average as the weights, and keeps those of the steps apart. The
    other way round nothing is lost: it begins its average with the weights, and says
    so.

    Raises:
        TaskFileError: The file has a moving average, and this run has no EMAHook.
    """
    if 'ema_state_dict' not in checkpoint:
        return
    if not any(isinstance(hook, EMAHook) for hook in runner.hooks):
        raise TaskFileError(
            f"'{runner._load_from}' is of a training with a moving average (EMAHook), "
            'and this one has none: its weights are the averaged ones, from which that '
            'training did not go on. Put its EMAHook back into custom_hooks; or start '
            'a new training from the averaged weights, with --cfg-options '
            'load_from=FILE and without --resume.'
        )


def wrong_parts(checkpoint: Mapping[str, Any]) -> Iterator[str]:
    """What is lacking, or of another kind than MMEngine writes."""
    meta = checkpoint.get('meta')
    if not isinstance(meta, Mapping):
        yield f'meta is {shown(meta)}, no dict'
    else:
        for name in ('epoch', 'iter'):
            value = meta.get(name)
            if type(value) is not int or value < 0:
                yield f'meta.{name} is {shown(value)}, no whole number from 0 on'
        seed = meta.get('seed')
        if seed is not None and (type(seed) is not int or seed < 0):
            yield f'meta.seed is {shown(seed)}, no whole number from 0 on'
    for name, kind in (
        ('optimizer', Mapping),
        ('message_hub', Mapping),
        ('param_schedulers', (list, Mapping)),
        ('random_state', list),
        ('position', Mapping),
    ):
        if name in checkpoint and not isinstance(checkpoint[name], kind):
            yield f'{name} is {shown(checkpoint[name])}'
    yield from wrong_hook_states(checkpoint.get('hooks', {}))
    if 'message_hub' not in checkpoint:
        yield 'message_hub is lacking'
    schedules = checkpoint.get('param_schedulers')
    if isinstance(schedules, list) and not all(
        isinstance(s, Mapping) for s in schedules
    ):
        yield 'param_schedulers holds other things than dicts'
    states = checkpoint.get('random_state')
    if isinstance(states, list) and not all(map(is_random_state, states)):
        yield 'random_state holds no states of random generators'


def is_random_state(state: object) -> bool:
    """Whether it has the generators that every process has."""
    return isinstance(state, Mapping) and {'python', 'numpy', 'torch'} <= state.keys()


def wrong_states(
    own_groups: list[list[Any]], saved: Any, name: str = ''
) -> Iterator[str]:
    """Where a saved optimizer isn't one of these parameters."""
    part = f'optimizer{name}'
    if not isinstance(saved, Mapping) or not {'state', 'param_groups'} <= saved.keys():
        yield f'{part} has no state and param_groups'
        return
    groups, state = saved['param_groups'], saved['state']
    if not isinstance(groups, list) or not isinstance(state, Mapping):
        yield f'{part} has no list of groups and no dict of states'
        return
    sizes = [
        len(group.get('params', ())) if isinstance(group, Mapping) else None
        for group in groups
    ]
    own = [len(group) for group in own_groups]
    if sizes != own:
        yield f'{part} has groups of {sizes} parameters, this run has {own}'
        return
    places = [place for group in groups for place in group['params']]
    parameters = [p for group in own_groups for p in group]
    by_place = dict(zip(places, parameters, strict=True))
    for place, values in state.items():
        parameter = by_place.get(place)
        if parameter is None or not isinstance(values, Mapping):
            yield f'{part}.state has {shown(place)}, which is no parameter'
            continue
        # SGD without momentum keeps None
        moments = {n: values[n] for n in MOMENTS if values.get(n) is not None}
        for key, value in moments.items():
            shape = getattr(parameter, 'ds_shape', parameter.shape)
            if not isinstance(value, Tensor) or value.shape != shape:
                yield f'{part}.state.{place}.{key} is not of the shape of its parameter'
        for key in not_finite(moments.items()):
            yield f'{part}.state.{place}.{key} has infinite values or NaN'


def shown(value: object) -> str:
    """A value in a message."""
    return repr(value)[:60]
