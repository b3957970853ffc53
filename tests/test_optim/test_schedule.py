"""WarmupCosineLR against the official formula, step by step."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.registry import PARAM_SCHEDULERS
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmadapt.errors import ConfigError

SCHEDULES = Path(__file__).parents[2] / 'configs' / '_base_' / 'schedules'


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


class Recorder(BaseModel):
    """One weight, and the rate that each of its steps took."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, value: torch.Tensor, mode: str) -> dict[str, torch.Tensor]:
        return {'loss': (self.weight * value).sum()}

    def train_step(self, data: object, optim_wrapper: OptimWrapper) -> object:
        rates.append(optim_wrapper.get_lr()['lr'][0])
        return super().train_step(data, optim_wrapper)


rates: list[float] = []


def run(
    folder: Path,
    epochs: int,
    stop: int | None = None,
    auto_scale_lr: dict[str, object] | None = None,
    **options: object,
) -> None:
    """Train on six batches an epoch, by the shipped schedule; stop after an epoch."""
    rates.clear()
    shipped = Config.fromfile(SCHEDULES / 'adamw_20e.py')
    shipped.param_scheduler.update(options)

    class Stop(Hook):
        def after_train_epoch(self, runner: Runner) -> None:
            if runner.epoch + 1 == stop:
                runner.train_loop._max_epochs = stop

    runner = Runner(
        model=Recorder(),
        work_dir=str(folder),
        train_dataloader=DataLoader(
            [{'value': torch.ones(1)}] * 12, batch_size=2, collate_fn=default_collate
        ),
        optim_wrapper={'optimizer': {'type': 'SGD', 'lr': 0.4}},
        param_scheduler=shipped.param_scheduler,
        auto_scale_lr=auto_scale_lr,
        train_cfg={'by_epoch': True, 'max_epochs': epochs},
        default_hooks={'checkpoint': {'type': 'AdapterCheckpointHook'}},
        custom_hooks=[Stop()],
        load_from=str(folder / 'epoch_3.pth') if stop is None else None,
        resume=stop is None,
        experiment_name=f'{folder.name}{stop}',
        default_scope='mmengine',
        log_level='ERROR',
    )
    runner.train()


@pytest.mark.slow
def test_a_run_takes_the_official_rates_and_resumes_in_their_middle(
    tmp_path: Path,
) -> None:
    """The config has no end: the schedule ends with the training."""
    expected = [official(step / 6, 0.4, 2, 5) for step in range(30)]
    run(tmp_path, epochs=5, stop=3, warmup=2)
    assert rates == pytest.approx(expected[:18], abs=1e-12)
    assert rates[0] == 0
    run(tmp_path, epochs=5, warmup=2)
    assert rates == pytest.approx(expected[18:], abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize('schedule', ['sgd_100e.py', 'sgd_90e.py'])
def test_the_papers_rate_follows_the_batch(tmp_path: Path, schedule: str) -> None:
    """0.1 * batch / 256 at a batch of two, and from zero as ever."""
    cfg = Config.fromfile(SCHEDULES / schedule)
    assert cfg.optim_wrapper.optimizer.lr == 0.1 * 1024 / 256
    scale = {**cfg.auto_scale_lr, 'enable': True}
    run(tmp_path, epochs=3, stop=3, auto_scale_lr=scale, warmup=1)
    expected = [official(step / 6, 0.1 * 2 / 256, 1, 3) for step in range(18)]
    assert rates == pytest.approx(expected, abs=1e-12)


@pytest.mark.slow
def test_a_training_as_short_as_the_warm_up_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'warmup=2 and end=2.*warmup=0\.2'):
        run(tmp_path, epochs=2, stop=2, warmup=2)
    assert not rates
    run(tmp_path, epochs=2, stop=2, warmup=0.5)
    assert rates == pytest.approx([official(s / 6, 0.4, 0.5, 2) for s in range(12)])


@pytest.mark.slow
@pytest.mark.parametrize('epochs', [1, 2, 20])
def test_a_tenth_of_ones_own_training_is_warm_up(tmp_path: Path, epochs: int) -> None:
    run(tmp_path, epochs=epochs, stop=1)
    expected = [official(s / 6, 0.4, epochs / 10, epochs) for s in range(6)]
    assert rates == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize('ratio', [1, -0.1, 'half'])
def test_a_share_that_is_none_is_refused(ratio: object) -> None:
    with pytest.raises(ConfigError, match='warmup_ratio'):
        by_iteration(sgd(), end=2, epoch_length=3, warmup_ratio=ratio)
