"""What ZeroStrategy refuses, with or without DeepSpeed."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
from mmengine.config import Config
from mmengine.registry import RUNNERS, STRATEGIES
from mmengine.runner._flexible_runner import FlexibleRunner

from mmadapt.errors import ConfigError
from mmadapt.strategies import ZeroStrategy
from mmadapt.strategies import zero as module
from tests.test_configs.test_build import CONFIGS


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'type': 'AmpOptimWrapper'}, 'trains in float32'),
        ({'clip_grad': {'max_norm': 1}}, 'strategy.gradient_clipping=NORM'),
        ({'accumulative_counts': 2}, 'accumulates no gradients'),
    ],
)
def test_wrappers_that_do_more_than_to_update(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        module.zero_wrapper({'optimizer': {'type': 'SGD', 'lr': 0.1}, **options})


def test_an_ordinary_wrapper_becomes_that_of_deepspeed() -> None:
    config = {'optimizer': {'type': 'SGD', 'lr': 0.1}, 'accumulative_counts': 1}
    assert module.zero_wrapper(config) == {
        'type': 'ZeroOptimWrapper',
        'optimizer': {'type': 'SGD', 'lr': 0.1},
    }


def test_the_base_of_configs_names_it() -> None:
    cfg = Config.fromfile(CONFIGS / '_base_' / 'strategies' / 'zero.py')
    assert RUNNERS.get(cfg.runner_type) is FlexibleRunner
    assert STRATEGIES.get(cfg.strategy.type) is ZeroStrategy


def test_its_absence_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, 'find_spec', lambda name: None)
    with pytest.raises(ConfigError, match=r'pip install "mmadapt\[deepspeed\]"'):
        ZeroStrategy()


def test_other_stages_leave_the_trunk_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.find_spec('torch')
    monkeypatch.setattr(module, 'find_spec', lambda name: spec)
    with pytest.raises(ConfigError, match='only stage 3'):
        ZeroStrategy(zero_optimization={'stage': 2})
