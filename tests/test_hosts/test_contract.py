"""The contract of every registered host; one without a case fails collection."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import mmadapt
from mmadapt.adapt import adapter_prefixes
from mmadapt.adapters import Adapter
from mmadapt.errors import ConfigError
from mmadapt.hosts import HOSTS
from tests.helpers import feature, randomise
from tests.host_cases import HOST_CASES, HostCase

if missing := set(HOSTS) ^ {case.block for case in HOST_CASES}:
    raise LookupError(f'hosts and tests/host_cases differ in: {missing}')

ADAPTER = {'bottleneck': 8}


@pytest.fixture(params=HOST_CASES, ids=lambda case: case.id)
def case(request: pytest.FixtureRequest) -> HostCase:
    return request.param


def adapters_of(model: nn.Module) -> list[Adapter]:
    return [module for module in model.modules() if isinstance(module, Adapter)]


def evaluated(model: nn.Module) -> nn.Module:
    """``model.eval()``, whose upstream form may return None."""
    model.eval()
    return model


def hosts_of(model: nn.Module) -> list[nn.Module]:
    names = dict.fromkeys(n.rpartition('.')[0] for n in adapter_prefixes(model))
    return [model.get_submodule(name) for name in names]


def host_of(model: nn.Module, case: HostCase) -> tuple[str, nn.Module]:
    """Name and module of the first promoted block of the case's class."""
    return next(
        (name, module)
        for name, module in model.named_modules()
        if type(module) is HOSTS[case.block]
    )


def run(adapter: Adapter, x: Tensor, case: HostCase) -> Tensor:
    """The branch alone, along the block's channels."""
    return adapter(x.movedim(case.channel_dim, -1)).movedim(-1, case.channel_dim)


def tap(module: nn.Module) -> dict[str, Tensor]:
    """What a norm in front of a branch reads (pre_norm) and gives (post_norm)."""
    seen: dict[str, Tensor] = {}
    module.register_forward_hook(
        lambda _, args, out: seen.update(pre_norm=args[0], post_norm=out)
    )
    return seen


def grab(block: nn.Module) -> list[Any]:
    """The positional and keyword inputs of a block's first call."""
    seen: list[Any] = []

    def keep(_: nn.Module, args: Any, kwargs: Any) -> None:
        if not seen:
            seen.extend([copy.deepcopy(args), copy.deepcopy(kwargs)])

    block.register_forward_pre_hook(keep, with_kwargs=True)
    return seen


def test_the_case_holds_blocks_of_its_class(case: HostCase) -> None:
    assert any(type(module) is case.block for module in case.build().modules())


def test_zero_init_is_the_base_model_to_the_bit(case: HostCase) -> None:
    base = evaluated(case.build())
    branches = ['mlp', 'attn'] if 'attn' in HOSTS[case.block].branches else ['mlp']
    for branch in branches:
        adapted = mmadapt.adapt(copy.deepcopy(base), {**ADAPTER, 'branch': branch})
        with torch.no_grad():
            expected = feature(base(case.input()))
            assert torch.equal(feature(adapted(case.input())), expected)


@pytest.mark.parametrize('source', ['pre_norm', 'post_norm', 'h'])
def test_output_is_base_plus_branch(case: HostCase, source: str) -> None:
    """One block against upstream's forward plus A(.), tapped by test-only hooks."""
    base = evaluated(case.build())
    option = {'mode': 'sequential'} if source == 'h' else {'input': source}
    if source not in ('h', *HOSTS[case.block].inputs):
        with pytest.raises(ConfigError, match='no such input'):
            mmadapt.adapt(base, {**ADAPTER, **option})
        return
    adapted = mmadapt.adapt(copy.deepcopy(base), {**ADAPTER, **option})
    name, host = host_of(adapted, case)
    plain = base.get_submodule(name)
    randomise(host.adapter)
    tapped = tap(plain.get_submodule(case.norm))
    grabbed = grab(plain)
    with torch.no_grad():
        base(case.input())
        args, kwargs = grabbed
        before = copy.deepcopy((args, kwargs))  # some blocks write into their input
        expected = case.stream(plain(*args, **kwargs), tapped['pre_norm'])
        read = expected - tapped['pre_norm'] if source == 'h' else tapped[source]
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
    if 'attn' not in host_class.branches:
        with pytest.raises(ConfigError, match='beside mlp only'):
            mmadapt.adapt(base, {**ADAPTER, 'branch': 'attn'})
        return
    if source not in ('h', *host_class.inputs):
        with pytest.raises(ConfigError, match='no such input'):
            mmadapt.adapt(base, {**ADAPTER, **option, 'branch': 'attn'})
        return
    adapted = mmadapt.adapt(
        copy.deepcopy(base), {**ADAPTER, **option, 'branch': 'attn'}
    )
    name, host = host_of(adapted, case)
    plain = base.get_submodule(name)
    randomise(host.attn_adapter)
    front = tap(plain.get_submodule(case.attn_norm))
    middle, moved = (tap(b.get_submodule(case.norm)) for b in (plain, host))
    with torch.no_grad():
        base(case.input())
        adapted(case.input())
        # Swin of timm changes the shape of its stream, not the stream, on the way.
        front = {k: v.reshape(middle['pre_norm'].shape) for k, v in front.items()}
        h = middle['pre_norm'] - front['pre_norm']
        read = h if source == 'h' else front[source]
        expected = middle['pre_norm'] + run(host.attn_adapter, read, case)
    torch.testing.assert_close(moved['pre_norm'], expected, atol=2e-6, rtol=1e-5)
    assert not torch.allclose(moved['pre_norm'], middle['pre_norm'], atol=1e-3)


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
            if hasattr(module, 'init_weights'):
                module.init_weights()
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
    blocks = nn.ModuleList(hosts_of(adapted))
    twin = pickle.loads(pickle.dumps(blocks))
    for name, tensor in blocks.state_dict().items():
        assert torch.equal(twin.state_dict()[name], tensor)
    assert [type(block) for block in twin] == [type(block) for block in blocks]


@pytest.mark.parametrize('checkpointed', [False, True])
def test_gradients_reach_exactly_the_adapters(
    case: HostCase, checkpointed: bool
) -> None:
    branch = 'both' if 'attn' in HOSTS[case.block].branches else 'mlp'
    adapted = mmadapt.adapt(case.build(), {**ADAPTER, 'branch': branch})
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


def test_stochastic_depth_leaves_the_branch(case: HostCase) -> None:
    """With the MLP nearly always dropped, the adapter still moves the output."""
    if not case.drop_path:
        pytest.skip('upstream has no stochastic depth there')
    adapted = mmadapt.adapt(case.build(**case.drop_path), ADAPTER)
    host = [m for m in adapted.modules() if type(m) is HOSTS[case.block]][-1]
    randomise(host.adapter)
    tapped = tap(host.get_submodule(case.norm))
    outputs: list[Any] = []
    host.register_forward_hook(lambda _, args, out: outputs.append(out))
    adapted.train()
    torch.manual_seed(0)
    adapted(case.input())
    with torch.no_grad():
        x = tapped['pre_norm']
        expected = x + run(host.adapter, x, case)
        torch.testing.assert_close(
            case.stream(outputs[0], x), expected, atol=1e-6, rtol=1e-5
        )


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
        torch.manual_seed(
            0
        )  # drawn anew, all hidden units of an adapter may be at rest
        adapted = mmadapt.adapt(case.build(), {**ADAPTER, 'mode': mode})
        feature(adapted(case.input())).square().sum().backward()
        for adapter in adapters_of(adapted):
            assert adapter.up.weight.grad.abs().sum() > 0
