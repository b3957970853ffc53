"""WarmupCosineLR against the official formula, step by step."""

from __future__ import annotations

import math

import pytest
import torch
from mmengine.registry import PARAM_SCHEDULERS

from mmadapt.errors import ConfigError


def official(epoch: float, lr: float, warmup: float, epochs: float) -> float:
    """Section 3 of the paper's facts: e is the fractional epoch."""
    if epoch < warmup:
        return lr * epoch / warmup
    return 0.5 * lr * (1 + math.cos(math.pi * (epoch - warmup) / (epochs - warmup)))


def build(optimizer: torch.optim.Optimizer, **options: object) -> object:
    return PARAM_SCHEDULERS.build(
        {'type': 'WarmupCosineLR', **options}, default_args={'optimizer': optimizer}
    )


def sgd(lr: float = 0.4) -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def by_iteration(optimizer: torch.optim.Optimizer, **options: object) -> object:
    from mmadapt.optim.schedule import WarmupCosineLR

    return WarmupCosineLR.build_iter_from_epoch(optimizer, **options)


def test_each_iteration_has_the_official_rate() -> None:
    optimizer = sgd()
    schedule = by_iteration(optimizer, warmup=2, end=10, epoch_length=7)
    for step in range(70):
        expected = official(step / 7, 0.4, 2, 10)
        assert optimizer.param_groups[0]['lr'] == pytest.approx(expected, abs=1e-12)
        optimizer.step()
        schedule.step()


def test_the_first_rate_is_exactly_zero() -> None:
    optimizer = sgd()
    build(optimizer, warmup=2, end=10)
    assert optimizer.param_groups[0]['lr'] == 0


def test_groups_keep_their_own_rates() -> None:
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    groups = [{'params': parameters[:1]}, {'params': parameters[1:], 'lr': 0.2}]
    optimizer = torch.optim.SGD(groups, lr=0.4)
    schedule = build(optimizer, warmup=2, end=10)
    for _ in range(2):
        optimizer.step()
        schedule.step()
    assert [g['lr'] for g in optimizer.param_groups] == [0.4, 0.2]


def test_a_state_dict_resumes() -> None:
    first, second = sgd(), sgd()
    schedule = build(first, warmup=2, end=10)
    for _ in range(5):
        first.step()
        schedule.step()
    resumed = build(second, warmup=2, end=10)
    resumed.load_state_dict(schedule.state_dict())
    second.load_state_dict(first.state_dict())
    for _ in range(3):
        for optimizer, plan in ((first, schedule), (second, resumed)):
            optimizer.step()
            plan.step()
        assert first.param_groups[0]['lr'] == second.param_groups[0]['lr']


@pytest.mark.parametrize('options', [{'warmup': 10}, {'warmup': -1}, {'warmup': 'a'}])
def test_lengths_that_make_no_schedule_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match='warm-up from 0'):
        build(sgd(), end=10, **options)


def test_converting_iterations_is_refused() -> None:
    with pytest.raises(ConfigError, match='by_epoch=True'):
        by_iteration(sgd(), warmup=1, end=2, epoch_length=3, by_epoch=False)
