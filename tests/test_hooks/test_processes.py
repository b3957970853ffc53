"""Faults of several processes, planted in two real ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.hooks import SyncBuffersHook
from mmengine.model import MMDistributedDataParallel
from torch import nn

from mmadapt.hooks import FrozenTrunkHook, SyncTrainedBuffersHook
from tests.processes import in_processes

from ..test_weights.test_stamp import build
from .test_first_iteration import runner

PASSED = 'passed'


def images(rank: int) -> torch.Tensor:
    """Another batch in each process."""
    return torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(rank))


def run(model: nn.Module, rank: int, rate: float = 0.0, **changes: Any) -> str:
    """Two iterations; the learning rate of the shipped configs starts at 0, too."""
    found = runner(model)
    for group in found.optim_wrapper.optimizer.param_groups:
        group['lr'] = rate
    found.hooks = [SyncTrainedBuffersHook()]
    vars(found).update(changes)
    hook = FrozenTrunkHook()
    hook.before_train(found)
    model.train()
    for _ in range(2):
        with found.optim_wrapper.optim_context(model):
            loss = model(images(rank))[0].square().sum()
        found.optim_wrapper.update_params(loss)
        hook.after_train_iter(found, 0, None, None)
    hook.after_train(found)
    assert hook.first is not None and hook.first.done
    return PASSED


def wrapped(model: nn.Module, **options: Any) -> MMDistributedDataParallel:
    return MMDistributedDataParallel(model, broadcast_buffers=False, **options)


def sound(rank: int) -> str:
    return run(wrapped(build()), rank)


def accumulating(rank: int) -> str:
    """Behind its first iteration nothing is updated, nor averaged, yet."""
    model = wrapped(build())
    found = runner(model).optim_wrapper
    found._accumulative_counts, found._max_counts = 2, 2
    return run(model, rank, optim_wrapper=found)


def not_wrapped(rank: int) -> str:
    return run(build(), rank)


def not_averaged(rank: int) -> str:
    model = wrapped(build())
    model.require_backward_grad_sync = False
    return run(model, rank, rate=0.1)


def another_bottleneck(rank: int) -> str:
    return run(build(adapter={'bottleneck': 8 + rank}), rank)


def another_trunk(rank: int) -> str:
    """The wrapper hides it: it gives every process the tensors of the first."""
    return run(wrapped(build(trunk_seed=rank)), rank)


def another_trunk_in_memory(rank: int) -> str:
    model = build()
    with torch.no_grad():
        model.backbone.pos_embed[0, 0, 0] += rank
    return run(model, rank)


def bypassed_in_one(rank: int) -> str:
    """The other process learns of it, and does not wait for an answer."""
    model = build()
    if rank == 1:
        model.backbone.layers[1].close_mlp = lambda x, h, normed: x + h
    return run(wrapped(model, find_unused_parameters=True), rank)


def unshared_statistics(rank: int) -> str:
    return run(wrapped(build()), rank, hooks=[])


@pytest.mark.parametrize(
    ('task', 'message'),
    [
        (sound, PASSED),
        (accumulating, PASSED),
        (not_wrapped, 'process 0 and 1 of 2 applied different gradients'),
        (not_averaged, 'process 0 and 1 of 2 applied different gradients'),
        (another_bottleneck, 'process 0 and 1 of 2 applied different gradients'),
        (another_trunk, 'process 0 and 1 of 2 name different trunks'),
        (another_trunk_in_memory, '0 and 1 of 2 hold different frozen trunks'),
        (bypassed_in_one, '4 of 8 adapter parameters got no gradient'),
        (unshared_statistics, r'neck\.bn.*SyncTrainedBuffersHook'),
    ],
)
def test_both_processes_say_so(
    task: Callable[[int], str], message: str, tmp_path: Path
) -> None:
    for found in in_processes(2, task, tmp_path):
        assert re.search(message, found)


def averaged(rank: int, hook: SyncBuffersHook) -> dict[str, torch.Tensor]:
    """Buffers behind the hook: statistics of a trunk, and of a head."""
    model = build()
    table = torch.randn(64, generator=torch.Generator().manual_seed(0))
    model.backbone.register_buffer('table', table.clone())
    model.neck.bn.running_mean.fill_(float(rank))
    found = runner(model)
    hook.after_train_epoch(found)
    return {
        'drift': (model.backbone.table - table).abs().max(),
        'mean': model.neck.bn.running_mean[0],
    }


@pytest.mark.parametrize('kind', [SyncBuffersHook, SyncTrainedBuffersHook])
def test_the_trunk_of_three_processes_is_not_averaged(
    kind: type[SyncBuffersHook], tmp_path: Path
) -> None:
    stock = kind is SyncBuffersHook
    for found in in_processes(3, lambda rank: averaged(rank, kind()), tmp_path):
        assert found['mean'] == 1
        assert bool(found['drift'] > 0) is stock


def stock_hook(rank: int) -> str:
    model = build()
    model.backbone.register_buffer('table', torch.randn(64))
    return run(wrapped(model), rank, hooks=[SyncBuffersHook()])


def test_the_hook_that_would_make_it_drift_is_refused(tmp_path: Path) -> None:
    for found in in_processes(3, stock_hook, tmp_path):
        assert 'over 3 processes rounding changes it: backbone.table' in found
    assert in_processes(2, stock_hook, tmp_path) == [PASSED, PASSED]
