"""Gradients that wait for their update, when a file is written between two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.dist import all_gather_object
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor

from ..sharding import dealt, full, is_sharded
from ..wrapping import unwrapped
from .optimizers import wrappers

__all__ = ['gradients', 'restore_gradients', 'scaled', 'wrong_gradients']


def gradients(runner: Runner) -> list[dict[str, Any]]:
    """The gradients of ``accumulative_counts``, of each process.

    Until their update processes have gradients of their own. Those of a sharded model
    are shared at each step, and gathered here.

    Args:
        runner: That saves; all processes call this.

    Returns:
        A dict with ``counts``, the steps that each optimizer wrapper accumulates and
        has behind it, and ``grads``, CPU tensors by the name of their parameter; one a
        process, or one of all. Empty where no gradient waits.
    """
    steppers = wrappers(runner)
    if not any(waits(wrapper) for wrapper in steppers):
        return []
    model = unwrapped(runner.model)
    held = {
        name: parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }
    own = {'counts': counts_of(steppers), 'grads': full(held)}
    return [own] if is_sharded(model) else all_gather_object(own)


def restore_gradients(
    runner: Runner, saved: list[Mapping[str, Any]], were_scaled: bool = False
) -> None:
    """Put waiting gradients back, behind the loading of weights and optimizer.

    Another number of processes, or a model that is dealt out, gets their mean, which is
    what the update would take.

    Args:
        runner: Before its first epoch.
        saved: What :func:`gradients` returned.
        were_scaled: Whether they are of a loss that was scaled.
    """
    if not saved:
        return
    steppers = wrappers(runner)
    if were_scaled != any(map(scales, steppers)):
        kinds = ('with a loss scale', 'without one')
        were, are = kinds if were_scaled else kinds[::-1]
        runner.logger.warning(
            f"the gradients that wait in '{runner._load_from}' are dropped: they are "
            f'of a training {were} (--amp), this is one {are}.'
        )
        return
    steps = [count[0] for count in saved[0]['counts']]
    own = [getattr(wrapper, '_accumulative_counts', 1) for wrapper in steppers]
    if steps != own:
        runner.logger.warning(
            f"the gradients that wait in '{runner._load_from}' are dropped: they are "
            f'of accumulative_counts={shown(steps)}, this run has {shown(own)}.'
        )
        return
    # Tensors that are dealt out come whole, the same to each process.
    if len(saved) == runner.world_size and not is_sharded(unwrapped(runner.model)):
        grads = saved[runner.rank]['grads']
    else:
        grads = {
            name: torch.stack([part['grads'][name] for part in saved]).mean(0)
            for name in saved[0]['grads']
        }
    for name, parameter in unwrapped(runner.model).named_parameters():
        if name in grads:
            parameter.grad = dealt(grads[name].clone(), parameter)
    for wrapper, (_, done) in zip(steppers, saved[0]['counts'], strict=True):
        wrapper._inner_count = done
    runner.logger.info(
        f'{len(grads)} gradients that waited for their update are resumed: none is lost'
    )


def scales(wrapper: object) -> bool:
    """Whether a wrapper scales the loss, and leaves out updates that overflow."""
    return hasattr(wrapper, 'loss_scaler')


def scaled(saved: Any) -> bool:
    """Whether the state of an optimizer, or one of several, is with a loss scale."""
    if not isinstance(saved, Mapping):
        return False
    parts = [saved, *(part for part in saved.values() if isinstance(part, Mapping))]
    return any('loss_scaler' in part for part in parts)


def waits(wrapper: object) -> bool:
    """Whether a wrapper has gradients that wait; DeepSpeed's steps each time."""
    return isinstance(wrapper, OptimWrapper) and not wrapper.should_update()


def counts_of(steppers: list[OptimWrapper]) -> list[tuple[int, int]]:
    """Steps that each wrapper accumulates, and has behind it."""
    return [(one._accumulative_counts, one.inner_count) for one in steppers]


def shown(counts: list[int]) -> str:
    """One number, where there is one optimizer."""
    return str(counts[0] if len(counts) == 1 else counts)


def wrong_gradients(runner: Runner, checkpoint: Mapping[str, Any]) -> list[str]:
    """What is wrong with the waiting gradients of a file; empty where nothing is.

    With a loss scale they may be infinite: the update is left out then.

    Args:
        runner: Whose optimizer is built.
        checkpoint: What the file holds.
    """
    saved = checkpoint.get('gradients', [])
    may_overflow = scaled(checkpoint['optimizer']) or any(map(scales, wrappers(runner)))
    if not isinstance(saved, list):
        return [f'gradients is {saved!r:.60}']
    shapes = {n: p.shape for n, p in unwrapped(runner.model).named_parameters()}
    for part in saved:
        grads = part.get('grads') if isinstance(part, Mapping) else None
        counts = part.get('counts') if isinstance(part, Mapping) else None
        if not isinstance(grads, Mapping) or not is_pairs(counts):
            return ['gradients holds other things than gradients and their counts']
        for name, value in grads.items():
            if not isinstance(value, Tensor) or value.shape != shapes.get(name):
                return [f'gradients.{name} is not of the shape of its parameter']
            if not may_overflow and not bool(torch.isfinite(value).all()):
                return [f'gradients.{name} has infinite values or NaN']
    return []


def is_pairs(counts: object) -> bool:
    """Whether these are pairs of whole numbers, not negative."""
    return isinstance(counts, (list, tuple)) and all(
        isinstance(pair, (list, tuple))
        and [type(number) for number in pair] == [int, int]
        and min(pair) >= 0
        for pair in counts
    )
