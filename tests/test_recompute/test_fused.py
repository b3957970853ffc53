"""The second half of a block as one function: the modules' numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mmadapt.backbones.recompute import set_recompute
from mmadapt.errors import ConfigError
from mmadapt.recompute import fused

from .steps import SIDES, adapted, assert_equal, step, tiered


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('tier', ['none', 'mlp', 'mlp+qkv'])
@pytest.mark.parametrize('dropout', [0.0, 0.3])
@pytest.mark.parametrize('layers', ['all', [0], [1]])
def test_gradients_are_autograds(
    side: str, tier: str, dropout: float, layers: Any, monkeypatch: Any
) -> None:
    model, x = adapted(side, {'bottleneck': 8, 'dropout': dropout, 'layers': layers})
    calls = []
    function = fused._FusedMLP.apply
    monkeypatch.setattr(
        fused._FusedMLP, 'apply', lambda *args: [calls.append(1), function(*args)][1]
    )
    assert_equal(step(tiered(model, tier, fused=True), x), step(model, x))
    assert len(calls) == (2 if layers != [1] else 1)


def test_a_graph_can_be_walked_twice() -> None:
    model, x = adapted('video', {'bottleneck': 8})
    again = tiered(model, 'mlp', fused=True)
    output = again(x)
    own = [p for p in again.parameters() if p.requires_grad]
    first = torch.autograd.grad(output.sum(), own, retain_graph=True)
    second = torch.autograd.grad(output.sum(), own)
    assert all(map(torch.equal, first, second))


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize(
    'adapter',
    [{'mode': 'sequential'}, {'scale': 'learnable'}, {'norm': 'in'}],
)
def test_other_adapters_are_refused(side: str, adapter: dict[str, Any]) -> None:
    model, _ = adapted(side, {'bottleneck': 8, **adapter})
    with pytest.raises(ConfigError, match='no parallel AdaptMLP'):
        set_recompute(model, 'none', True)


def test_other_mlps_are_refused() -> None:
    model, _ = adapted('video', {'bottleneck': 8}, drop_path_rate=0.1)
    with pytest.raises(ConfigError, match='two linear layers'):
        set_recompute(model, 'none', True)
    model, _ = adapted('video', None, 'all')
    with pytest.raises(ConfigError, match='weights train'):
        set_recompute(model, 'none', True)


def test_mixed_precision_runs_the_modules() -> None:
    model, x = adapted('image', {'bottleneck': 8})
    with torch.autocast('cpu', torch.bfloat16):
        again = step(tiered(model, 'none', fused=True), x)
        assert_equal(again, step(model, x), exact=True)
