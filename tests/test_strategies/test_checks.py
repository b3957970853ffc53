"""What hooks can't do with a model that is dealt out, refused before it is built."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from mmengine.config import Config
from mmengine.hooks import EMAHook

from mmadapt.errors import ConfigError
from mmadapt.hooks import FiniteHook, PrefixCacheHook
from mmadapt.strategies import ZeroStrategy
from mmadapt.strategies.checks import check_hooks, check_strategy

STRATEGIES = [None, 'SingleDeviceStrategy', 'ShardedStrategy', 'ZeroStrategy']


def refusal(kind: str | type | None, hook: Any) -> str:
    """What is said to a hook under a strategy; nothing where it may run."""
    cfg: Any = {'strategy': {'type': kind}} if kind else {}
    runner: Any = SimpleNamespace(hooks=[hook])
    try:
        check_hooks(runner, Config(cfg))
    except ConfigError as error:
        return str(error)
    return ''


@pytest.mark.parametrize('kind', STRATEGIES)
def test_moving_averages(kind: str | None) -> None:
    told = refusal(kind, EMAHook())
    assert told.startswith('EMAHook copies') == (kind in STRATEGIES[2:])
    if told:
        assert refusal(f'mmadapt.{kind}', EMAHook()) == told


@pytest.mark.parametrize('kind', STRATEGIES)
def test_updates_left_out(kind: str | None) -> None:
    told = refusal(kind, FiniteHook(skip=2))
    assert ('finite.skip=2' in told) == (kind == 'ZeroStrategy')
    assert refusal(kind, FiniteHook()) == ''


@pytest.mark.parametrize('kind', STRATEGIES)
def test_kept_activations(kind: str | None) -> None:
    told = refusal(kind, PrefixCacheHook('kept'))
    assert told.startswith('PrefixCacheHook computes') == (kind in STRATEGIES[2:])


def test_a_class_in_place_of_its_name() -> None:
    assert 'finite.skip=2' in refusal(ZeroStrategy, FiniteHook(skip=2))


@pytest.mark.parametrize('kind', STRATEGIES)
@pytest.mark.parametrize('fused', [False, True])
def test_a_function_in_place_of_the_modules(kind: str | None, fused: bool) -> None:
    backbone = {'type': 'AdaptFormerViT', 'recompute': 'mlp', 'fused_mlp': fused}
    cfg: Any = {'model': {'backbone': backbone}}
    if kind:
        cfg['strategy'] = {'type': kind}
    if fused and kind == 'ZeroStrategy':
        with pytest.raises(ConfigError, match=r'model\.backbone\.fused_mlp=True'):
            check_strategy(Config(cfg))
    else:
        check_strategy(Config(cfg))


@pytest.mark.parametrize('kind', STRATEGIES)
def test_a_wrapper_where_there_is_none(kind: str | None) -> None:
    wrapper = {'type': 'MMDistributedDataParallel', 'find_unused_parameters': True}
    cfg = Config({'strategy': {'type': kind, 'model_wrapper': wrapper}})
    if kind == 'ShardedStrategy':
        with pytest.raises(ConfigError, match='model_wrapper=.*Leave it out'):
            check_strategy(cfg)
    else:
        check_strategy(cfg)
