"""The contract of hosts: gradients, stochastic depth and checkpoints."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import mmadapt
from mmadapt.adapt import adapter_prefixes
from mmadapt.adapters import Adapter
from mmadapt.hosts import HOSTS
from tests.helpers import feature, randomise
from tests.host_cases import HostCase

from .contract import (
    ADAPTER,
    adapters_of,
    everywhere,
    having,
    hosts_of,
    run,
    skip_of,
    tap_mlp,
)


@pytest.mark.parametrize('checkpointed', [False, True])
def test_gradients_reach_exactly_the_adapters(
    case: HostCase, checkpointed: bool
) -> None:
    base = case.build()
    adapted = mmadapt.adapt(base, everywhere(case, base)[-1])
    for adapter in adapters_of(adapted):
        randomise(adapter)
    if checkpointed:
        for host in hosts_of(adapted):
            run_checkpointed(host)
    feature(adapted(case.input())).square().sum().backward()
    prefixes = tuple(f'{name}.' for name in adapter_prefixes(adapted))
    for name, parameter in adapted.named_parameters():
        assert parameter.requires_grad == name.startswith(prefixes), name
        if name.startswith(prefixes):
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
        else:
            assert parameter.grad is None, name


def run_checkpointed(block: nn.Module) -> None:
    """Recompute a block's activations in its backward pass, non-re-entrant."""
    forward = block.forward
    block.forward = lambda *args, **kwargs: checkpoint(
        forward, *args, use_reentrant=False, **kwargs
    )


@pytest.mark.parametrize('case', having('drop_path'), ids=lambda case: case.id)
def test_stochastic_depth_leaves_the_branch(case: HostCase) -> None:
    """With the MLP nearly always dropped, the adapter still moves the output."""
    adapted = mmadapt.adapt(case.build(**case.drop_path), ADAPTER)
    host = [m for m in adapted.modules() if type(m) is HOSTS[case.block]][-1]
    randomise(host.adapter)
    tapped = tap_mlp(host, case)
    outputs: list[Any] = []
    host.register_forward_hook(lambda _, args, out: outputs.extend([args, out]))
    adapted.train()
    torch.manual_seed(0)
    adapted(case.input())
    with torch.no_grad():
        x = tapped['pre_norm']
        expected = skip_of(case, outputs[0], x) + run(host.adapter, x, case)
        torch.testing.assert_close(
            case.stream(outputs[1], x), expected, atol=1e-6, rtol=1e-5
        )


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('case', having('drop_path'), ids=lambda case: case.id)
def test_branches_are_dropped_as_upstream_drops_them(case: HostCase, seed: int) -> None:
    """In training, with the same dice, the output is upstream's, to the bit."""
    options = {  # half of the rates
        name: 0.5 if isinstance(value, float) else value
        for name, value in case.drop_path.items()
    }
    base = case.build(**options).requires_grad_(False)
    adapted = mmadapt.adapt(copy.deepcopy(base), ADAPTER, norm_eval=False)
    outputs = []
    for model in (base, adapted):
        model.train()
        torch.manual_seed(seed)
        with torch.no_grad():
            outputs.append(feature(model(case.input())))
    assert torch.equal(*outputs)


def test_evaluation_draws_nothing(case: HostCase) -> None:
    """No branch is dropped there, and no generator moves."""
    adapted = mmadapt.adapt(case.build(**case.drop_path), ADAPTER)
    adapted.eval()
    state = torch.get_rng_state()
    with torch.no_grad():
        adapted(case.input())
    assert torch.equal(torch.get_rng_state(), state)


def test_upstreams_checkpoints_do_not_cost_the_gradients(case: HostCase) -> None:
    gradients = []
    for options in ({}, case.with_cp):
        torch.manual_seed(0)
        adapted = mmadapt.adapt(case.build(**options), ADAPTER)
        for adapter in adapters_of(adapted):
            randomise(adapter)
        adapted.train()
        feature(adapted(case.input())).square().sum().backward()
        gradients.append([p.grad for p in adapted.parameters() if p.requires_grad])
    for plain, recomputed in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, recomputed)


@pytest.mark.parametrize('case', having('with_cp'), ids=lambda case: case.id)
def test_upstreams_checkpoints_compute_branches_again(case: HostCase) -> None:
    adapted = mmadapt.adapt(case.build(**case.with_cp), ADAPTER)
    # The last one: in front of the first adapter nothing is kept for the backward pass.
    host = [m for m in adapted.modules() if type(m) is HOSTS[case.block]][-1]
    calls: Counter[str] = Counter()
    for name, module in host.named_modules():
        if name and not isinstance(module, Adapter):
            module.register_forward_pre_hook(lambda *_, name=name: calls.update([name]))
    adapted.train()
    output = feature(adapted(case.input()))
    once = calls.copy()
    output.sum().backward()
    assert calls - once


def test_both_modes_train_from_zero(case: HostCase) -> None:
    for mode in ('parallel', 'sequential'):
        torch.manual_seed(
            0
        )  # drawn anew, all hidden units of an adapter may be at rest
        adapted = mmadapt.adapt(case.build(), {**ADAPTER, 'mode': mode})
        feature(adapted(case.input())).square().sum().backward()
        for adapter in adapters_of(adapted):
            assert adapter.up.weight.grad.abs().sum() > 0
