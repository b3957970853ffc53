"""Waiting gradients of a scaled loss may be infinite, and stay in such trainings."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict

from mmadapt.hooks.gradients import (
    gradients,
    restore_gradients,
    scaled,
    wrong_gradients,
)

INFINITE, LARGE = float('inf'), 3e4


class Scaled(OptimWrapper):
    """What AmpOptimWrapper does, which asks for a GPU."""

    def __init__(self, optimizer: torch.optim.Optimizer, **options: Any) -> None:
        super().__init__(optimizer, **options)
        self.loss_scaler = torch.amp.GradScaler('cpu', init_scale=64.0)

    def step(self, **_: Any) -> None:
        self.loss_scaler.step(self.optimizer)
        self.loss_scaler.update()

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), 'loss_scaler': self.loss_scaler.state_dict()}


def run_of(kind: type[OptimWrapper]) -> Any:
    model = torch.nn.Linear(2, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    told: list[str] = []
    return SimpleNamespace(
        model=model,
        optim_wrapper=kind(optimizer, accumulative_counts=2),
        rank=0,
        world_size=1,
        logger=SimpleNamespace(info=lambda _: None, warning=told.append),
        _load_from='iter_3.pth',
        told=told,
    )


def file_of(kind: type[OptimWrapper], gradient: float) -> dict[str, Any]:
    run = run_of(kind)
    run.optim_wrapper.initialize_count_status(run.model, 0, 10)
    run.model.weight.grad = torch.tensor([[gradient, 1.0]])
    run.optim_wrapper._inner_count = 1
    found = gradients(run)
    assert len(found) == 1
    return {'gradients': found, 'optimizer': run.optim_wrapper.state_dict()}


@pytest.mark.parametrize('gradient', [INFINITE, LARGE])
def test_the_scaler_leaves_the_update_out_in_the_resumed_run(gradient: float) -> None:
    run, file = run_of(Scaled), file_of(Scaled, gradient)
    assert wrong_gradients(run, file) == []
    restore_gradients(run, file['gradients'], scaled(file['optimizer']))
    assert run.model.weight.grad.tolist() == [[gradient, 1.0]]
    assert run.optim_wrapper.inner_count == 1
    run.optim_wrapper.loss_scaler.scale(torch.ones(()))  # as the next loss does
    run.optim_wrapper.step()
    left_out = not bool(run.model.weight.detach().any())
    assert left_out is (gradient == INFINITE)
    assert bool(torch.isfinite(run.model.weight).all()) and not run.told


@pytest.mark.parametrize('kinds', [(Scaled, OptimWrapper), (OptimWrapper, Scaled)])
@pytest.mark.parametrize('gradient', [INFINITE, LARGE])
def test_they_are_dropped_where_one_run_alone_has_a_scale(
    kinds: tuple[type[OptimWrapper], ...], gradient: float
) -> None:
    file, run = file_of(kinds[0], gradient), run_of(kinds[1])
    assert wrong_gradients(run, file) == []
    restore_gradients(run, file['gradients'], scaled(file['optimizer']))
    assert run.model.weight.grad is None and run.optim_wrapper.inner_count == 0
    assert 'are dropped' in run.told[0] and '(--amp)' in run.told[0]


def test_without_a_scale_infinite_ones_are_refused() -> None:
    file = file_of(OptimWrapper, INFINITE)
    found = wrong_gradients(run_of(OptimWrapper), file)
    assert found == ['gradients.weight has infinite values or NaN']


def test_each_of_several_optimizers_is_looked_at() -> None:
    several = OptimWrapperDict(
        a=run_of(OptimWrapper).optim_wrapper, b=run_of(Scaled).optim_wrapper
    )
    assert scaled(several.state_dict())
    assert not scaled(OptimWrapperDict(a=run_of(OptimWrapper).optim_wrapper))
    assert not scaled(None)
