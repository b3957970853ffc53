"""What hooks have counted so far, and would count anew in a resumed run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.hooks import EarlyStoppingHook, Hook
from mmengine.optim.scheduler import ReduceOnPlateauParamScheduler
from mmengine.runner import Runner

from .finite import FiniteHook

__all__ = ['hook_states', 'learns_from_scores', 'restore_hooks', 'wrong_hook_states']


def hook_states(runner: Runner) -> dict[str, dict[str, Any]]:
    """The counts of a runner's hooks, by the name of the hook, as int and float."""
    return {
        name: {count: number(getattr(hook, count)) for count in counts}
        for name, hook, counts in counting(runner)
    }


def number(value: Any) -> int | float:
    """A count or score in plain Python: a metric may return a tensor."""
    return value if type(value) is int else float(value)


def restore_hooks(runner: Runner, saved: Mapping[str, Mapping[str, Any]]) -> None:
    """Let the hooks count on.

    Args:
        runner: Before its first epoch.
        saved: What :func:`hook_states` returned. A hook that isn't in it begins anew.
    """
    for name, hook, counts in counting(runner):
        for count in counts:
            if count in saved.get(name, {}):
                setattr(hook, count, saved[name][count])
        if isinstance(hook, EarlyStoppingHook) and has_stopped(hook):
            runner.train_loop.stop_training = True  # it was, when the run ended
            runner.logger.info(f'{name} has stopped this training: nothing is to do')


def has_stopped(hook: EarlyStoppingHook) -> bool:
    """Whether a hook had nothing to wait for, or a score beyond its threshold.

    That it stopped at a score that isn't finite, it notes nowhere.
    """
    limit = hook.stopping_threshold
    reached = limit is not None and hook.rule_map[hook.rule](hook.best_score, limit)
    return hook.wait_count >= hook.patience or reached


def wrong_hook_states(saved: Any) -> Iterator[str]:
    """Where the counts of a file are no numbers."""
    parts = saved.items() if isinstance(saved, Mapping) else [('', saved)]
    for name, counts in parts:
        if not isinstance(counts, Mapping) or not all(
            type(value) in (int, float) for value in counts.values()
        ):
            yield f'hooks{name and "."}{name} is {counts!r:.60}'


def learns_from_scores(runner: Runner) -> bool:
    """Whether a validation changes what a resumed run has to know."""
    found: Any = runner.param_schedulers or []
    lists = list(found.values()) if isinstance(found, Mapping) else [found]
    schedules = [one for part in lists if isinstance(part, list) for one in part]
    return any(isinstance(hook, EarlyStoppingHook) for hook in runner.hooks) or any(
        isinstance(one, ReduceOnPlateauParamScheduler) for one in schedules
    )


def counting(runner: Runner) -> Iterator[tuple[str, Hook, tuple[str, ...]]]:
    """Names of the hooks that count, the hooks, and what they count."""
    for hook in runner.hooks:
        if isinstance(hook, EarlyStoppingHook):
            counts = ('wait_count', 'best_score')
            yield f'EarlyStoppingHook.{hook.monitor}', hook, counts
        elif isinstance(hook, FiniteHook):
            yield 'FiniteHook', hook, ('skipped',)
