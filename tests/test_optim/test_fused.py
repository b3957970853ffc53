"""Fused steps where torch has them, and the same numbers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from mmadapt.optim.fused import build_optimizer, is_fused


def built(model: nn.Module, **config: Any) -> torch.optim.Optimizer:
    return build_optimizer(config, [{'params': list(model.parameters())}])


@pytest.mark.parametrize(
    ('config', 'fused'),
    [
        ({'type': 'SGD', 'lr': 0.1}, False),
        ({'type': 'SGD', 'lr': 0.1, 'momentum': 0.9}, False),
        ({'type': 'SGD', 'lr': 0.1, 'momentum': 0.9, 'fused': True}, True),
        ({'type': torch.optim.SGD, 'lr': 0.1, 'momentum': 0.9}, False),
        ({'type': 'AdamW', 'lr': 0.1}, True),
        ({'type': 'AdamW', 'lr': 0.1, 'fused': False}, False),
        ({'type': 'AdamW', 'lr': 0.1, 'foreach': True}, False),
        ({'type': 'RMSprop', 'lr': 0.1}, False),
    ],
)
def test_which_are_fused(config: dict[str, Any], fused: bool) -> None:
    assert is_fused(built(nn.Linear(2, 2), **config)) is fused


def test_what_torch_refuses_is_built_plain() -> None:
    model = nn.Linear(2, 2)
    complex_one = nn.Parameter(torch.ones(2, dtype=torch.complex64))
    model.register_parameter('spectrum', complex_one)
    assert not is_fused(built(model, type='AdamW', lr=0.1))
    with pytest.raises(ValueError, match='Invalid learning rate'):
        built(nn.Linear(2, 2), type='AdamW', lr=-1.0)


CONFIGS = [
    {'type': 'SGD', 'lr': 0.1, 'weight_decay': 0.01},
    {'type': 'SGD', 'lr': 0.1, 'momentum': 0.9, 'weight_decay': 0.01},
    {'type': 'AdamW', 'lr': 0.01, 'weight_decay': 0.05},
]


@pytest.mark.parametrize('config', CONFIGS)
def test_steps_are_those_of_the_plain_optimizer(config: dict[str, Any]) -> None:
    torch.manual_seed(0)
    model = nn.Linear(8, 8)
    other = copy.deepcopy(model)
    pairs = [
        (model, built(model, **config)),
        (other, built(other, fused=False, **config)),
    ]
    x = torch.randn(4, 8)
    for _ in range(5):
        for one, optimizer in pairs:
            optimizer.zero_grad()
            one(x).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(model.weight, other.weight, rtol=1e-5, atol=1e-6)
    pairs[1][1].load_state_dict(pairs[0][1].state_dict())  # a file of either resumes


@pytest.mark.parametrize('config', CONFIGS)
def test_a_first_step_that_a_loss_scale_leaves_out(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.utils.deterministic, 'fill_uninitialized_memory', True)
    torch.use_deterministic_algorithms(True)  # what nobody wrote is NaN
    try:
        weights = []
        for options in ({}, {'fused': False}):
            torch.manual_seed(0)
            model = nn.Linear(4, 2)
            optimizer = built(model, **config, **options)
            scaler = torch.amp.GradScaler('cpu', init_scale=2.0**127)
            for _ in range(4):
                optimizer.zero_grad()
                scaler.scale(model(torch.full((1, 4), 6.0)).sum()).backward()
                scaler.step(optimizer)
                scaler.update()
            weights.append(model.weight.detach())
    finally:
        torch.use_deterministic_algorithms(False)
    torch.testing.assert_close(*weights)


@pytest.mark.parametrize('config', CONFIGS)
def test_gradients_that_come_later_than_others(config: dict[str, Any]) -> None:
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    optimizer = built(nn.Sequential(first, second), **config)
    before = second.weight.detach().clone()
    for module in (first, nn.Sequential(first, second)):
        optimizer.zero_grad()
        module(torch.ones(1, 2)).square().sum().backward()
        optimizer.step()
    assert not torch.equal(second.weight, before)
