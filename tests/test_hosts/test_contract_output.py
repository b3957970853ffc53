"""The contract of hosts: what a block with an adapter computes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from mmaction.models.backbones.swin import SwinTransformerBlock3D
from mmpretrain.models.backbones.twins import GSAEncoderLayer, LSAEncoderLayer
from torch import Tensor, nn

import mmadapt
from mmadapt.errors import ConfigError
from mmadapt.hosts import HOSTS
from mmadapt.hosts.base import AdapterHost
from tests.helpers import feature, randomise
from tests.host_cases import HOST_CASES, HostCase

from .contract import (
    ADAPTER,
    Tap,
    evaluated,
    everywhere,
    grab,
    host_of,
    own,
    run,
    skip_of,
    tap_mlp,
)

LAID = (SwinTransformerBlock3D, GSAEncoderLayer, LSAEncoderLayer)
"""Blocks whose stream is laid out anew, to the bit and for less time."""


def test_the_case_holds_blocks_of_its_class(case: HostCase) -> None:
    assert any(type(module) is case.block for module in case.build().modules())


def test_zero_init_is_the_base_model_to_the_bit(case: HostCase) -> None:
    # Frozen, as the adapted one: torch rounds some products otherwise where a weight
    # requires a gradient.
    base = evaluated(case.build()).requires_grad_(False)
    for adapter in everywhere(case, base):
        adapted = mmadapt.adapt(copy.deepcopy(base), adapter)
        with torch.no_grad():
            expected = feature(base(case.input()))
            assert torch.equal(feature(adapted(case.input())), expected)


@pytest.mark.parametrize('source', ['pre_norm', 'post_norm', 'h'])
def test_output_is_base_plus_branch(case: HostCase, source: str) -> None:
    """One block against upstream's forward plus A(.), tapped by test-only hooks."""
    base = evaluated(case.build())
    option = {'mode': 'sequential'} if source == 'h' else {'input': source}
    adapter = {**own(case, base), **option}
    if source not in ('h', *HOSTS[case.block].inputs):
        with pytest.raises(ConfigError, match='no such input'):
            mmadapt.adapt(base, adapter)
        return
    adapted = mmadapt.adapt(copy.deepcopy(base), adapter)
    name, host = host_of(adapted, case)
    plain = base.get_submodule(name)
    randomise(host.adapter)
    tapped = tap_mlp(plain, case)
    grabbed = grab(plain)
    with torch.no_grad():
        base(case.input())
        args, kwargs = grabbed
        before = copy.deepcopy((args, kwargs))  # some blocks write into their input
        expected = case.stream(plain(*args, **kwargs), tapped['pre_norm'])
        skip = skip_of(case, before[0], tapped['pre_norm'])
        read = expected - skip if source == 'h' else tapped[source]
        args, kwargs = before
        out = case.stream(host(*args, **kwargs), tapped['pre_norm'])
        branch = run(host.adapter, read, case)
    torch.testing.assert_close(out, expected + branch, atol=2e-6, rtol=1e-5)
    assert not torch.allclose(out, expected, atol=1e-3)


@pytest.mark.parametrize('source', ['pre_norm', 'post_norm', 'h'])
def test_the_attention_branch_likewise(case: HostCase, source: str) -> None:
    """What arrives in front of the MLP, with and without the adapter."""
    host_class = HOSTS[case.block]
    option = {'mode': 'sequential'} if source == 'h' else {'input': source}
    base = evaluated(case.build())
    adapter = {**own(case, base, 'attn'), **option}
    if 'attn' not in host_class.branches:
        with pytest.raises(ConfigError, match='beside mlp only'):
            mmadapt.adapt(base, adapter)
        return
    if source not in ('h', *host_class.inputs):
        with pytest.raises(ConfigError, match='no such input'):
            mmadapt.adapt(base, adapter)
        return
    adapted = mmadapt.adapt(copy.deepcopy(base), adapter)
    name, host = host_of(adapted, case)
    plain = base.get_submodule(name)
    randomise(host.attn_adapter)
    front = Tap(plain.get_submodule(case.attn_norm), 0)
    behind = case.behind_attn or case.norm
    call = -1 if case.behind_attn is None else 0
    taps = [Tap(block.get_submodule(behind), call) for block in (plain, host)]
    with torch.no_grad():
        base(case.input())
        adapted(case.input())
        x = front['pre_norm']
        middle, moved = (case.behind(tap['pre_norm'], x) for tap in taps)
        read = middle - x if source == 'h' else front[source]
        expected = middle + run(host.attn_adapter, read, case)
    torch.testing.assert_close(moved, expected, atol=2e-6, rtol=1e-5)
    assert not torch.allclose(moved, middle, atol=1e-3)


@pytest.mark.parametrize(
    'laid',
    [case for case in HOST_CASES if case.block in LAID],
    ids=lambda c: c.id,
)
def test_the_stream_is_laid_out_token_by_token(laid: HostCase) -> None:
    """Where upstream's is a transposed view."""
    base = evaluated(laid.build())
    models = {'upstream': base, 'adapted': mmadapt.adapt(copy.deepcopy(base), ADAPTER)}
    assert HOSTS[laid.block].branch_layout
    strides: dict[str, set[int]] = {}
    for name, model in models.items():
        found = strides[name] = set()

        def look(_: nn.Module, __: object, out: Tensor, found: Any = found) -> None:
            found.add(out.stride(-1))

        for module in model.modules():
            if type(module) in HOSTS or isinstance(module, AdapterHost):
                module.register_forward_hook(look)
        with torch.no_grad():
            model(laid.input())
    assert strides['adapted'] == {1}
    assert strides['upstream'] != {1}  # else there is no need of it any more
