"""Updates that a loss scale leaves out, that are accumulated, or that ranks share."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from torch import nn

from mmadapt.errors import NonFiniteError
from mmadapt.hooks import FiniteHook
from mmadapt.hooks.finite import IN_A_ROW
from mmadapt.optim import ZeroOptimWrapper
from tests.processes import in_processes

from .test_finite import runner


class Scaled(OptimWrapper):
    """What AmpOptimWrapper does, which asks for a GPU."""

    def __init__(self, optimizer: torch.optim.Optimizer, scale: float) -> None:
        super().__init__(optimizer)
        self.loss_scaler = torch.amp.GradScaler('cpu', init_scale=scale)

    def backward(self, loss: torch.Tensor, **_: Any) -> None:
        self.loss_scaler.scale(loss).backward()
        self._inner_count += 1

    def step(self, **_: Any) -> None:
        self.loss_scaler.step(self.optimizer)
        self.loss_scaler.update()


def scaled_runner(fused: bool) -> Any:
    run = runner()
    optimizer = torch.optim.SGD(run.model.parameters(), lr=0.1, fused=fused)
    run.optim_wrapper = Scaled(optimizer, scale=2.0**127)
    return run


def iterate(hook: FiniteHook, run: Any, loss: torch.Tensor, name: str = 'a') -> None:
    sample = SimpleNamespace(metainfo={'img_path': name})
    hook.before_train_iter(run, 0, {'data_samples': [sample]})
    run.optim_wrapper.update_params(loss)
    hook.after_train_iter(run, 0, None, {'loss': loss.detach()})
    run.iter += 1


@pytest.mark.parametrize('fused', [False, True])
def test_a_scale_that_is_too_high_at_first(fused: bool) -> None:
    hook, run = FiniteHook(), scaled_runner(fused)
    hook.before_train(run)
    before = run.model.weight.detach().clone()
    for step in range(4):
        iterate(hook, run, run.model(torch.full((1, 2), 6.0)).sum())
        assert torch.equal(run.model.weight, before) is (step < 2)
    assert hook.skipped == hook.left_out == 0
    with pytest.raises(NonFiniteError, match='iteration 11'):
        iterate(hook, run, run.model(torch.ones(1, 2)).sum() * float('nan'))


@pytest.mark.parametrize('fused', [False, True])
def test_no_scale_makes_the_gradient_finite(fused: bool) -> None:
    """The loss is 0, its gradient infinite: for ever nothing would be learned."""
    hook, run = FiniteHook(skip=3), scaled_runner(fused)
    hook.before_train(run)
    for _ in range(IN_A_ROW):
        iterate(hook, run, (run.model.weight * 0).sqrt().sum())
    with pytest.raises(
        NonFiniteError, match=rf'{IN_A_ROW + 1} updates in a row.*without --amp'
    ):
        iterate(hook, run, (run.model.weight * 0).sqrt().sum())


def test_all_batches_of_an_update_are_named() -> None:
    hook, run = FiniteHook(), runner()
    run.optim_wrapper._accumulative_counts = 2
    hook.before_train(run)
    x = torch.ones(1, 2)
    iterate(hook, run, run.model(x).sum(), 'one')
    iterate(hook, run, run.model(x).sum(), 'two')
    iterate(hook, run, (run.model.weight * 0).sqrt().sum(), 'three')
    with pytest.raises(NonFiniteError, match='with the files: three, four'):
        iterate(hook, run, run.model(x).sum(), 'four')


@pytest.mark.parametrize('bad', range(4))
def test_an_update_of_several_batches_is_left_out_whole(
    bad: int, caplog: pytest.LogCaptureFixture
) -> None:
    hook, run, twin = FiniteHook(skip=1), runner(), runner()
    hook.before_train(run)
    for one in (run, twin):
        one.optim_wrapper._accumulative_counts = 4
    for batch in range(12):
        if batch == 8:
            assert torch.equal(run.model.weight, twin.model.weight)
        loss = run.model(torch.ones(1, 2)).sum()
        iterate(
            hook, run, loss * float('nan') if batch == 4 + bad else loss, f'{batch}'
        )
        if batch // 4 != 1:  # all but those of the second update
            twin.optim_wrapper.update_params(twin.model(torch.ones(1, 2)).sum())
    assert torch.equal(run.model.weight, twin.model.weight)
    [record] = caplog.records
    assert 'iteration 14, with the files: 4, 5, 6, 7 (1 of' in record.message


def test_a_scale_leaves_out_a_loss_of_an_earlier_batch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hook, run = FiniteHook(skip=1), scaled_runner(fused=False)
    run.optim_wrapper._accumulative_counts = 2
    hook.before_train(run)
    for factor, name in ((float('nan'), 'one'), (1.0, 'two')):
        iterate(hook, run, run.model(torch.ones(1, 2)).sum() * factor, name)
    [record] = caplog.records
    assert 'with the files: one, two (1 of' in record.message


def test_the_files_of_deepspeed_are_those_of_one_batch() -> None:
    """Its optimizer is not watched, and steps in each iteration."""
    hook, run = FiniteHook(), runner()
    wrapper = ZeroOptimWrapper(run.optim_wrapper.optimizer)
    engine = SimpleNamespace(backward=lambda loss: loss.backward(), step=lambda: None)
    wrapper.model, wrapper.optimizer = engine, SimpleNamespace(overflow=False)
    run.optim_wrapper = wrapper
    hook.before_train(run)
    iterate(hook, run, run.model(torch.ones(1, 2)).sum(), 'one')
    with pytest.raises(NonFiniteError, match='with the files: two. Lower'):
        iterate(hook, run, run.model(torch.ones(1, 2)).sum() * float('nan'), 'two')


def one_bad_rank(rank: int, skip: int) -> list[str]:
    """The second process has an infinite gradient in its second batch, and third."""
    run = runner()
    run.model = MMDistributedDataParallel(nn.Linear(2, 1), broadcast_buffers=False)
    optimizer = torch.optim.SGD(run.model.parameters(), lr=0.1)
    run.optim_wrapper = OptimWrapper(optimizer)
    hook = FiniteHook(skip=skip)
    hook.before_train(run)
    for step in range(4):
        output = run.model(torch.ones(1, 2)).sum()
        bad = rank == 1 and step in (1, 2)
        try:
            iterate(hook, run, (output - output.detach()).sqrt() if bad else output)
        except NonFiniteError as error:
            return ['stopped', str(step), str(error)]
    return ['ended', str(hook.skipped), str(run.model.module.weight.tolist())]


def test_processes_stop_and_leave_out_alike(tmp_path: Path) -> None:
    first, second = in_processes(2, lambda rank: one_bad_rank(rank, 1), tmp_path)
    assert first == second
    assert first[:2] == ['stopped', '2']
    first, second = in_processes(2, lambda rank: one_bad_rank(rank, 2), tmp_path)
    assert first == second
    assert first[:2] == ['ended', '2']


def one_bad_batch(rank: int) -> list[Any]:
    """The second process has the first of two batches of its second update wrong."""
    run = runner()
    run.model = MMDistributedDataParallel(nn.Linear(2, 1), broadcast_buffers=False)
    optimizer = torch.optim.SGD(run.model.parameters(), lr=0.1)
    run.optim_wrapper = OptimWrapper(optimizer, accumulative_counts=2)
    hook = FiniteHook(skip=1)
    hook.before_train(run)
    for batch in range(6):
        with run.optim_wrapper.optim_context(run.model):
            loss = run.model(torch.ones(1, 2)).sum()
            # infinite with finite gradients
            bad = rank == 1 and batch == 2
            iterate(hook, run, loss + float('inf') if bad else loss)
    return [hook.skipped, run.model.module.weight.tolist()]


def test_processes_leave_out_the_same_of_several_batches(tmp_path: Path) -> None:
    first, second = in_processes(2, one_bad_batch, tmp_path)
    assert first == second
    assert first[0] == 1


@pytest.mark.parametrize('fused', [False, True])
def test_a_fused_step_is_left_out_unread(
    fused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, where the answers are read later."""
    monkeypatch.setattr('mmadapt.hooks.finite.is_cuda_available', lambda: True)
    hook, run = FiniteHook(interval=3), runner()
    optimizer = torch.optim.AdamW(run.model.parameters(), lr=0.1, fused=fused)
    run.optim_wrapper = OptimWrapper(optimizer)
    hook.before_train(run)
    iterate(hook, run, run.model(torch.ones(1, 2)).sum())
    before = run.model.weight.detach().clone()
    iterate(hook, run, run.model(torch.ones(1, 2)).sum() * float('nan'))
    assert torch.equal(run.model.weight, before) is fused
    assert not hasattr(optimizer, 'found_inf')
    with pytest.raises(NonFiniteError, match='iteration 8'):
        iterate(hook, run, run.model(torch.ones(1, 2)).sum())


@pytest.mark.parametrize('fused', [False, True])
def test_what_a_scale_leaves_out_is_read_later(
    fused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU: nothing of a step is read until it is time, and all is counted."""
    monkeypatch.setattr('mmadapt.hooks.finite.is_cuda_available', lambda: True)
    hook, run = FiniteHook(interval=3), scaled_runner(fused)
    hook.before_train(run)
    x = torch.full((1, 2), 6.0)
    for unread in (1, 2, 0):  # two are left out, the third is not
        iterate(hook, run, run.model(x).sum())
        assert len(hook.noted) == unread
        assert all(bool(note.left_out) for note in hook.noted)
    assert hook.left_out == hook.skipped == 0
    iterate(hook, run, run.model(x).sum() * float('nan'))
    with pytest.raises(NonFiniteError, match='iteration 10'):
        hook.before_save_checkpoint(run, {})


def one_nan_loss(rank: int) -> list[Any]:
    """The second process has two losses that are no number, with a loss scale."""
    run = runner()
    run.model = MMDistributedDataParallel(nn.Linear(2, 1), broadcast_buffers=False)
    optimizer = torch.optim.SGD(run.model.parameters(), lr=0.1)
    run.optim_wrapper = Scaled(optimizer, scale=1.0)
    hook = FiniteHook(skip=1)
    hook.before_train(run)
    for step in range(4):
        loss = run.model(torch.ones(1, 2)).sum()
        try:
            iterate(hook, run, loss * float('nan') if rank and step else loss)
        except NonFiniteError:
            return ['stopped', step, hook.skipped]
    return ['ended', hook.skipped]


def test_processes_agree_where_the_scale_leaves_the_step_out(tmp_path: Path) -> None:
    assert in_processes(2, one_nan_loss, tmp_path) == [['stopped', 2, 2]] * 2


def one_endless_loss(rank: int) -> list[float]:
    """The second process has an infinite loss, whose gradients are finite."""
    run = runner()
    model = nn.Linear(2, 1)
    nn.init.zeros_(model.weight)
    run.model = MMDistributedDataParallel(model, broadcast_buffers=False)
    optimizer = torch.optim.AdamW(run.model.parameters(), lr=0.1, fused=True)
    run.optim_wrapper = OptimWrapper(optimizer)
    hook = FiniteHook(interval=3)
    hook.before_train(run)
    output = run.model(torch.ones(1, 2)).sum()
    iterate(hook, run, output + float('inf') if rank else output)
    return model.weight.flatten().tolist()  # type: ignore[no-any-return]


def test_a_step_that_one_process_leaves_out_unread_is_left_out_by_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('mmadapt.hooks.finite.is_cuda_available', lambda: True)
    assert in_processes(2, one_endless_loss, tmp_path) == [[0.0, 0.0]] * 2
