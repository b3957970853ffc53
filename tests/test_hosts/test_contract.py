"""The contract of every registered host; one without a case fails collection."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

import mmadapt
from mmadapt.adapt import adapter_prefixes
from mmadapt.adapters import Adapter
from mmadapt.hosts import HOSTS
from tests.helpers import HOST_CASES, HostCase, feature, randomise

if missing := {block.__name__ for block in HOSTS} ^ set(HOST_CASES):
    raise LookupError(f'hosts and HOST_CASES of tests/helpers.py differ in: {missing}')

ADAPTER = {'bottleneck': 8}


@pytest.fixture(params=sorted(HOST_CASES))
def case(request: pytest.FixtureRequest) -> HostCase:
    return HOST_CASES[request.param]


def adapters_of(model: torch.nn.Module) -> list[Adapter]:
    return [module for module in model.modules() if isinstance(module, Adapter)]


def evaluated(model: torch.nn.Module) -> torch.nn.Module:
    """``model.eval()``, whose upstream form may return None."""
    model.eval()
    return model


def hosts_of(model: torch.nn.Module) -> list[torch.nn.Module]:
    return [model.get_submodule(n.rpartition('.')[0]) for n in adapter_prefixes(model)]


def test_zero_init_is_the_base_model_to_the_bit(case: HostCase) -> None:
    base = evaluated(case.build())
    adapted = mmadapt.adapt(copy.deepcopy(base), ADAPTER)
    with torch.no_grad():
        expected = feature(base(case.input()))
        assert torch.equal(feature(adapted(case.input())), expected)


@pytest.mark.parametrize('mode', ['parallel', 'sequential'])
@pytest.mark.parametrize('source', ['pre_norm', 'post_norm'])
def test_output_is_base_plus_branch(case: HostCase, mode: str, source: str) -> None:
    """One block against upstream's forward plus A(.), tapped by test-only hooks."""
    if mode == 'sequential':
        source = 'pre_norm'
    base = evaluated(case.build())
    adapted = mmadapt.adapt(
        copy.deepcopy(base), {**ADAPTER, 'mode': mode, 'input': source}
    )
    host = hosts_of(adapted)[0]
    name = adapter_prefixes(adapted)[0].rpartition('.')[0]
    plain = base.get_submodule(name)
    randomise(host.adapter)

    tapped: dict[str, torch.Tensor] = {}
    getattr(plain, case.norm).register_forward_hook(
        lambda _, args, out: tapped.update(pre_norm=args[0], post_norm=out)
    )
    grabbed: list[torch.Tensor] = []
    plain.register_forward_pre_hook(lambda _, args: grabbed.extend(args))
    with torch.no_grad():
        base(case.input())
        inputs = tuple(grabbed)
        expected = plain(*inputs)
        inner = expected - tapped['pre_norm']  # h
        read = inner if mode == 'sequential' else tapped[source]
        expected = expected + host.adapter(read)
        assert torch.allclose(host(*inputs), expected, atol=1e-6, rtol=1e-5)
        assert not torch.allclose(host(*inputs), plain(*inputs), atol=1e-3)


def test_base_state_dict_loads_and_only_adapters_are_missing(case: HostCase) -> None:
    base = case.build()
    adapted = mmadapt.adapt(case.build(), ADAPTER)
    result = adapted.load_state_dict(base.state_dict(), strict=False)
    prefixes = tuple(f'{name}.' for name in adapter_prefixes(adapted))
    assert result.unexpected_keys == []
    assert result.missing_keys
    assert all(key.startswith(prefixes) for key in result.missing_keys)


def test_init_weights_of_the_blocks_keeps_the_zero_start(case: HostCase) -> None:
    adapted = mmadapt.adapt(case.build(), ADAPTER)
    for host in hosts_of(adapted):
        for module in host.modules():
            if hasattr(module, '_is_init'):
                module._is_init = False
        host.init_weights()
        assert torch.count_nonzero(host.adapter.up.weight) == 0
        assert torch.count_nonzero(host.adapter.down.weight) > 0


def test_deepcopy_is_equal_and_independent(case: HostCase) -> None:
    adapted = evaluated(mmadapt.adapt(case.build(), ADAPTER))
    for adapter in adapters_of(adapted):
        randomise(adapter)
    twin = copy.deepcopy(adapted)
    with torch.no_grad():
        before = feature(adapted(case.input()))
        assert torch.equal(feature(twin(case.input())), before)
        for adapter in adapters_of(twin):
            adapter.up.weight.add_(1)
        assert torch.equal(feature(adapted(case.input())), before)
        assert not torch.equal(feature(twin(case.input())), before)


def test_pickle_round_trip(case: HostCase) -> None:
    adapted = evaluated(mmadapt.adapt(case.build(), ADAPTER))
    for adapter in adapters_of(adapted):
        randomise(adapter)
    blocks = torch.nn.ModuleList(hosts_of(adapted))
    twin = pickle.loads(pickle.dumps(blocks))
    for name, tensor in blocks.state_dict().items():
        assert torch.equal(twin.state_dict()[name], tensor)
    assert [type(block) for block in twin] == [type(block) for block in blocks]


@pytest.mark.parametrize('checkpointed', [False, True])
def test_gradients_reach_exactly_the_adapters(
    case: HostCase, checkpointed: bool
) -> None:
    adapted = mmadapt.adapt(case.build(), ADAPTER)
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


def run_checkpointed(block: torch.nn.Module) -> None:
    """Recompute a block's activations in its backward pass, non-re-entrant."""
    from torch.utils.checkpoint import checkpoint

    forward = block.forward
    block.forward = lambda *args: checkpoint(forward, *args, use_reentrant=False)


def test_stochastic_depth_leaves_the_branch(case: HostCase) -> None:
    """With the MLP nearly always dropped, the adapter still moves the output."""
    adapted = mmadapt.adapt(case.build(**case.drop_path), ADAPTER)
    host = hosts_of(adapted)[-1]
    randomise(host.adapter)
    tapped: list[torch.Tensor] = []
    host.register_forward_hook(lambda _, args, out: tapped.extend([args[0], out]))
    torch.manual_seed(0)
    adapted(case.input())
    with torch.no_grad():
        expected = tapped[0] + host.adapter(tapped[0])
    assert torch.allclose(tapped[1], expected, atol=1e-6)


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


def test_both_modes_train_from_zero(case: HostCase) -> None:
    for mode in ('parallel', 'sequential'):
        adapted = mmadapt.adapt(case.build(), {**ADAPTER, 'mode': mode})
        feature(adapted(case.input())).square().sum().backward()
        for adapter in adapters_of(adapted):
            assert adapter.up.weight.grad.abs().sum() > 0
