"""In a run, what waits for data is in the log, and nothing else is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook, IterTimerHook, LoggerHook
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, HOOKS, METRICS, MODELS
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from mmadapt.hooks import DataWaitHook


@DATASETS.register_module()
class SlowSamples(Dataset):
    """Samples that take a while."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        time.sleep(self.seconds)
        return {'inputs': torch.ones(1)}


@MODELS.register_module()
class QuickModel(BaseModel):
    """A model that takes none."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, inputs: list[torch.Tensor], mode: str) -> Any:
        if mode != 'loss':
            return inputs
        return {'loss': (torch.stack(inputs) * self.scale).sum()}


@HOOKS.register_module()
class SlowHook(Hook):
    """A hook that takes a while at the given points."""

    def __init__(self, points: tuple[str, ...]) -> None:
        for point in points:
            setattr(self, point, lambda *_, **__: time.sleep(0.2))


@METRICS.register_module()
class NoMetric(BaseMetric):
    """A metric of nothing."""

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results.append(0)

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        return {'none': 0.0}


def config(work_dir: Path, seconds: float, **others: Any) -> Config:
    loader = {
        'batch_size': 2,
        'num_workers': 0,
        'dataset': {'type': 'SlowSamples', 'seconds': seconds},
        'sampler': {'type': 'DefaultSampler', 'shuffle': False},
    }
    return Config(
        {
            'model': {'type': 'QuickModel'},
            'work_dir': str(work_dir),
            'train_dataloader': loader,
            'train_cfg': {'by_epoch': True, 'max_epochs': 1},
            'optim_wrapper': {'optimizer': {'type': 'SGD', 'lr': 0.1}},
            'default_hooks': {
                'logger': {'type': 'LoggerHook', 'interval': 1},
                'data_wait': {'type': 'DataWaitHook'},
                'checkpoint': None,
            },
            'experiment_name': f'wait-{time.time_ns()}',
            **others,
        }
    )


def train(cfg: Config) -> tuple[list[float], str]:
    """The shares in the log, and the log."""
    Runner.from_cfg(cfg).train()
    log = next(Path(cfg.work_dir).rglob('*.log')).read_text()
    return [float(part.split()[0]) for part in log.split('time_share: ')[1:]], log


def test_in_the_log_of_a_run(tmp_path: Path) -> None:
    shares, log = train(config(tmp_path, 0.03))
    assert len(shares) == 3
    assert all(0.5 < share <= 1 for share in shares)
    assert 'waited for data: ' in log and 'to wait less for data: ' in log


def test_hooks_are_not_data(tmp_path: Path) -> None:
    slow = [
        {
            'type': 'SlowHook',
            'points': ('before_train_epoch', 'after_train_iter'),
            'priority': 'LOWEST',
        },
        {'type': 'SlowHook', 'points': ('before_train_iter',), 'priority': 'HIGHEST'},
    ]
    shares, log = train(config(tmp_path, 0, custom_hooks=slow))
    assert len(shares) == 3
    assert all(share < 0.1 for share in shares)
    assert 'to wait less for data: ' not in log


@pytest.mark.parametrize('by_epoch', [True, False])
def test_a_validation_in_between_is_not_data(by_epoch: bool, tmp_path: Path) -> None:
    cfg = config(
        tmp_path,
        0,
        custom_hooks=[
            {
                'type': 'SlowHook',
                'points': ('before_val', 'before_val_iter', 'after_val'),
                'priority': 'LOWEST',
            }
        ],
        val_cfg={},
        val_evaluator={'type': 'NoMetric'},
        log_processor={'by_epoch': by_epoch},
    )
    cfg.val_dataloader = cfg.train_dataloader
    cfg.train_cfg = {
        'by_epoch': by_epoch,
        'max_epochs' if by_epoch else 'max_iters': 2,
        'val_interval': 1,
    }
    _, log = train(cfg)
    waits = [part.split(' of ')[0] for part in log.split('of the epoch (')[1:]]
    assert len(waits) == (2 if by_epoch else 1)
    assert all(float(wait) < 0.1 for wait in waits)


def test_the_start_of_workers_is_waited_for_in_each_epoch(tmp_path: Path) -> None:
    cfg = config(tmp_path, 0.3, train_cfg={'by_epoch': True, 'max_epochs': 2})
    cfg.train_dataloader.num_workers = 3
    _, log = train(cfg)
    firsts = [float(part.split()[0]) for part in log.split(' s; ')[1:]]
    assert len(firsts) == 2
    assert all(first >= 0.6 for first in firsts), firsts


def test_one_place_each_among_the_hooks(tmp_path: Path) -> None:
    runner = Runner.from_cfg(config(tmp_path, 0))
    hook = next(h for h in runner.hooks if isinstance(h, DataWaitHook))
    for _ in range(2):
        hook.before_train(runner)
    places = [runner.hooks.index(part) for part in (hook, hook.note, hook.begin)]
    kinds = [type(part) for part in runner.hooks]
    assert [kinds.count(kinds[place]) for place in places] == [1, 1, 1]
    timer, logger = kinds.index(IterTimerHook), kinds.index(LoggerHook)
    assert places[0] == 0 < timer < places[1] < logger < places[2] == len(kinds) - 1
