"""What isn't finite stops the run before the weights, or a file, are spoilt."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmadapt.errors import ConfigError, NonFiniteError
from mmadapt.hooks import FiniteHook
from mmadapt.hooks import finite as module
from mmadapt.optim.zero import ZeroOptimWrapper

SAMPLES = [
    SimpleNamespace(metainfo={'img_path': 'a.jpg'}),
    [SimpleNamespace(metainfo={'filename': 'b.mp4'}), SimpleNamespace(metainfo={})],
]


def runner() -> Any:
    torch.manual_seed(0)
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return SimpleNamespace(
        model=model,
        optim_wrapper=OptimWrapper(optimizer),
        iter=6,
        logger=logging.getLogger('test'),
    )


def iterate(hook: FiniteHook, run: Any, factor: float = 1.0) -> None:
    hook.before_train_iter(run, 0, {'data_samples': SAMPLES})
    loss = run.model(torch.ones(1, 2)).sum() * factor
    run.optim_wrapper.update_params(loss)
    hook.after_train_iter(run, 0, None, {'loss': loss.detach()})
    run.iter += 1


@pytest.mark.parametrize('factor', [float('nan'), float('inf')])
def test_on_a_cpu_the_weights_stay_as_they_were(factor: float) -> None:
    hook, run = FiniteHook(), runner()
    hook.before_train(run)
    iterate(hook, run)
    before = run.model.weight.detach().clone()
    with pytest.raises(
        NonFiniteError, match=r'iteration 8, with the files: a\.jpg, b\.mp4\.'
    ):
        iterate(hook, run, factor)
    assert torch.equal(run.model.weight, before)


def test_a_bounded_number_may_be_left_out(caplog: pytest.LogCaptureFixture) -> None:
    hook, run = FiniteHook(skip=2), runner()
    hook.before_train(run)
    iterate(hook, run)
    twin = runner()
    iterate(FiniteHook(), twin)
    assert torch.equal(run.model.weight, twin.model.weight)
    for _ in range(2):
        iterate(hook, run, float('nan'))
        assert torch.equal(run.model.weight, twin.model.weight)  # no momentum either
    assert [r.message for r in caplog.records] == [
        f'update left out, not finite: iteration {i}, with the files: a.jpg, b.mp4 '
        f'({n} of at most 2)'
        for n, i in ((1, 8), (2, 9))
    ]
    iterate(hook, run)
    with pytest.raises(NonFiniteError, match='iteration 11.*after 2 left out'):
        iterate(hook, run, float('nan'))


def test_on_a_gpu_the_answers_are_read_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, 'is_cuda_available', lambda: True)
    hook, run = FiniteHook(interval=3), runner()
    hook.before_train(run)
    iterate(hook, run, float('nan'))
    iterate(hook, run)
    with pytest.raises(NonFiniteError, match='iteration 7'):
        iterate(hook, run)
    hook, run = FiniteHook(interval=3), runner()
    hook.before_train(run)
    iterate(hook, run, float('nan'))
    with pytest.raises(NonFiniteError, match='iteration 7'):
        hook.before_save_checkpoint(run, {})
    hook, run = FiniteHook(interval=3), runner()
    hook.before_train(run)
    iterate(hook, run, float('nan'))
    with pytest.raises(NonFiniteError, match='iteration 7'):
        hook.after_train(run)


def test_a_step_that_a_loss_scale_leaves_out() -> None:
    hook, run = FiniteHook(), runner()
    hook.before_train(run)
    run.optim_wrapper.step = lambda **_: None
    iterate(hook, run)  # the gradients may be anything
    with pytest.raises(NonFiniteError, match='iteration 8'):
        iterate(hook, run, float('nan'))


def test_behind_the_training_nothing_is_watched() -> None:
    hook, run = FiniteHook(), runner()
    hook.before_train(run)
    hook.after_train(run)
    run.optim_wrapper.update_params(run.model(torch.ones(1, 2)).sum() * float('nan'))


@pytest.mark.parametrize(
    'options', [{'skip': -1}, {'skip': True}, {'interval': 0}, {'interval': 1.5}]
)
def test_bad_numbers(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match='a whole number from'):
        FiniteHook(**options)


def test_under_zero_the_remedy_is_one_that_it_takes() -> None:
    run = runner()
    run.optim_wrapper = ZeroOptimWrapper(run.optim_wrapper.optimizer)
    hook = FiniteHook()
    hook.before_train(run)
    with pytest.raises(NonFiniteError, match=r'gradient_clipping=1') as error:
        hook.after_train_iter(run, 0, None, {'loss': torch.tensor(float('inf'))})
    assert 'skip' not in str(error.value)
