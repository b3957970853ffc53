"""A resumed run says which options of its config it doesn't take."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.optim.scheduler import (
    CosineAnnealingLR,
    CosineAnnealingParamScheduler,
    LinearMomentum,
    MultiStepLR,
)

from mmadapt.hooks.changed_options import keep_own_choices, warn_changed_options
from mmadapt.hooks.plain import to_plain
from mmadapt.optim import WarmupCosineLR


def run_of(lr: float = 0.1, schedules: Any = (), **options: Any) -> Any:
    """A runner with one optimizer, and what it has logged."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([weight], lr=lr, **options)
    told: list[str] = []
    return SimpleNamespace(
        optim_wrapper=OptimWrapper(optimizer),
        param_schedulers=[kind(optimizer, **given) for kind, given in schedules],
        logger=SimpleNamespace(warning=told.append),
        _load_from='epoch_2.pth',
        told=told,
    )


def file_of(run: Any) -> dict[str, Any]:
    for _ in range(3):
        run.optim_wrapper.optimizer.step()
        for schedule in run.param_schedulers:
            schedule.step()
    return {
        'optimizer': to_plain(run.optim_wrapper.state_dict()),
        'param_schedulers': to_plain([s.state_dict() for s in run.param_schedulers]),
    }


def told(first: dict[str, Any], then: dict[str, Any]) -> str:
    run = run_of(**then)
    warn_changed_options(run, file_of(run_of(**first)))
    return '\n'.join(run.told)


COSINE = {'schedules': [(CosineAnnealingLR, {'end': 10, 'by_epoch': True})]}
MOMENTUM = {'schedules': [(LinearMomentum, {'start_factor': 0.5, 'end': 9})]}
DECAY = {'param_name': 'weight_decay', 'T_max': 9, 'eta_min': 0.1}
SCHEDULES: list[dict[str, Any]] = [
    {},
    COSINE,
    {'schedules': [(WarmupCosineLR, {'warmup': 1, 'end': 9})]},
    {'schedules': [(MultiStepLR, {'milestones': [2, 5], 'gamma': 0.5})]},
    MOMENTUM,
    {'schedules': [(CosineAnnealingParamScheduler, DECAY)], 'weight_decay': 0.5},
]


@pytest.mark.parametrize('options', SCHEDULES)
def test_the_same_options_say_nothing(options: dict[str, Any]) -> None:
    assert told(options, options) == ''


CASES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        COSINE,
        {'schedules': [(CosineAnnealingLR, {'end': 20})]},
        '[0] (CosineAnnealingLR).T_max: 10 in the file, 20 in the config',
    ),
    (COSINE, {}, 'param_scheduler: 1 in the file, 0 in the config'),
    (
        SCHEDULES[2],
        {'schedules': [(WarmupCosineLR, {'warmup': 2, 'end': 9})]},
        '(WarmupCosineLR).warmup: 1 in the file, 2 in the config',
    ),
    (
        SCHEDULES[3],
        {'schedules': [(MultiStepLR, {'milestones': [2, 6], 'gamma': 0.5})]},
        '(MultiStepLR).milestones: {2: 1, 5: 1} in the file',
    ),
    ({}, {'lr': 0.2}, 'optimizer.lr: 0.1 in the file, 0.2 in the config'),
    (COSINE, {**COSINE, 'lr': 0.2}, 'optimizer.initial_lr: 0.1 in the file, 0.2'),
    ({}, {'weight_decay': 0.5}, 'optimizer.weight_decay: 0.01 in the file, 0.5'),
    (
        SCHEDULES[5],
        {**SCHEDULES[5], 'weight_decay': 0.4},
        'optimizer.initial_weight_decay: 0.5 in the file, 0.4',
    ),
    (
        MOMENTUM,
        {**MOMENTUM, 'betas': (0.8, 0.999)},
        'optimizer.initial_momentum: 0.9 in the file, 0.8',
    ),
    (
        MOMENTUM,
        {**MOMENTUM, 'betas': (0.9, 0.99)},
        'in the file, (0.45, 0.99) in the config',
    ),
]


@pytest.mark.parametrize(('first', 'then', 'row'), CASES)
def test_both_values_are_named(
    first: dict[str, Any], then: dict[str, Any], row: str
) -> None:
    assert row in told(first, then)


def test_each_of_several_optimizers_is_named() -> None:
    runs = [run_of(), run_of(lr=0.2)]
    runner = run_of()
    runner.optim_wrapper = OptimWrapperDict(a=runs[0].optim_wrapper)
    saved = {'optimizer': {'a': file_of(runs[1])['optimizer']}}
    warn_changed_options(runner, saved)
    assert 'optimizer.a.lr: 0.2 in the file, 0.1 in the config' in runner.told[0]


STEPPING: list[dict[str, Any]] = [
    {},
    {'fused': True},
    {'fused': False},
    {'foreach': True},
]


@pytest.mark.parametrize('several', [False, True])
@pytest.mark.parametrize('then', STEPPING)
@pytest.mark.parametrize('first', STEPPING)
def test_how_to_step_is_the_choice_of_the_config(
    first: dict[str, Any], then: dict[str, Any], several: bool
) -> None:
    runner, saved = run_of(**then), file_of(run_of(lr=0.3, **first))
    wrapper, [group] = runner.optim_wrapper, runner.optim_wrapper.param_groups
    own = {name: group[name] for name in ('fused', 'foreach')}
    if several:
        runner.optim_wrapper = OptimWrapperDict(b=run_of().optim_wrapper, a=wrapper)
        other = file_of(run_of())['optimizer']
        saved['optimizer'] = {'a': saved['optimizer'], 'b': other}
    keep_own_choices(runner, saved)
    runner.optim_wrapper.load_state_dict(saved['optimizer'])
    [group] = wrapper.param_groups
    assert {name: group[name] for name in own} == own
    assert group['lr'] == 0.3
