"""A loss that isn't finite stops the run, whatever its gradients look like."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import Tensor

from mmadapt.errors import NonFiniteError
from mmadapt.hooks import FiniteHook
from tests.test_hooks.test_finite import SAMPLES, runner

LOSSES: dict[str, Any] = {
    'added': lambda y: y.sum() + float('inf'),
    'no number': lambda y: y.sum() + float('nan'),
    'a class that is masked': lambda y: torch.nn.functional.cross_entropy(
        torch.cat([y - float('inf'), y], 1), torch.zeros(len(y), dtype=torch.long)
    ),
}


def iterate(hook: FiniteHook, run: Any, loss: Tensor) -> None:
    hook.before_train_iter(run, 0, {'data_samples': SAMPLES})
    run.optim_wrapper.update_params(loss)
    hook.after_train_iter(run, 0, None, {'loss': loss.detach()})
    run.iter += 1


def output(run: Any) -> Tensor:
    value: Tensor = run.model(torch.ones(1, 2))
    return value


@pytest.mark.parametrize('kind', LOSSES)
@pytest.mark.parametrize('skip', [0, 1])
def test_a_loss_with_finite_gradients(kind: str, skip: int) -> None:
    hook, run = FiniteHook(skip=skip), runner()
    hook.before_train(run)
    before = run.model.weight.detach().clone()
    loss = LOSSES[kind](output(run))
    loss.backward(retain_graph=True)
    assert torch.isfinite(run.model.weight.grad).all()
    run.model.zero_grad()
    if skip:
        iterate(hook, run, loss)
        assert torch.equal(run.model.weight, before)
        loss = LOSSES[kind](output(run))
    with pytest.raises(NonFiniteError, match=r'with the files: a\.jpg, b\.mp4'):
        iterate(hook, run, loss)
    assert torch.equal(run.model.weight, before)


@pytest.mark.parametrize('clip', [{'clip_value': 1.0}, {'max_norm': 1.0}])
def test_gradients_before_they_are_clipped(clip: dict[str, float]) -> None:
    hook, run = FiniteHook(), runner()
    kind = 'value' if 'clip_value' in clip else 'norm'
    clip_grad = {'type': kind, **clip}
    run.optim_wrapper = OptimWrapper(run.optim_wrapper.optimizer, clip_grad=clip_grad)
    hook.before_train(run)
    iterate(hook, run, output(run).sum())
    y = output(run).sum()
    # its derivative at 0 is infinite, its value is 0
    with pytest.raises(NonFiniteError, match='iteration 8'):
        iterate(hook, run, (y - y.detach()).sqrt())


def test_of_accumulated_losses_one_is_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And at the step, which leaves out all of them."""
    hook, run = FiniteHook(skip=1), runner()
    run.optim_wrapper = OptimWrapper(run.optim_wrapper.optimizer, accumulative_counts=2)
    run.optim_wrapper.initialize_count_status(run.model, 0, 4)
    hook.before_train(run)
    iterate(hook, run, LOSSES['added'](output(run)))
    assert not caplog.records
    iterate(hook, run, output(run).sum())
    assert len(caplog.records) == 1
    assert 'iteration 8' in caplog.records[0].message


def test_afterwards_the_wrapper_is_as_it_was() -> None:
    hook, run = FiniteHook(), runner()
    names = set(vars(run.optim_wrapper))
    hook.before_train(run)
    assert set(vars(run.optim_wrapper)) != names
    hook.after_train(run)
    assert set(vars(run.optim_wrapper)) == names
