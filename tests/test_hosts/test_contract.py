"""The contract of every registered host; one without a case fails collection."""

from __future__ import annotations

import copy
import io
import pickle
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import torch
from mmengine import runner
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import mmadapt
from mmadapt.adapt import adapter_prefixes
from mmadapt.adapters import Adapter
from mmadapt.backbones.trunk import adapt_backbone, drawn_from
from mmadapt.errors import ConfigError
from mmadapt.hosts import HOSTS
from mmadapt.placement import find_hosts
from mmadapt.weights import task_state
from tests.helpers import feature, randomise
from tests.host_cases import HOST_CASES, HostCase

if missing := set(HOSTS) ^ {case.block for case in HOST_CASES}:
    raise LookupError(f'hosts and tests/host_cases differ in: {missing}')

ADAPTER = {'bottleneck': 8}


def stretched(case: HostCase) -> HostCase:
    """The case, in whose backbone no two norms or layer scales are alike."""
    return replace(case, build=lambda **options: unlike(case.build(**options)))


def having(feature: str) -> list[HostCase]:
    """The cases whose backbones have an optional feature."""
    return [stretched(case) for case in HOST_CASES if getattr(case, feature)]


@pytest.fixture(params=HOST_CASES, ids=lambda case: case.id)
def case(request: pytest.FixtureRequest) -> HostCase:
    return stretched(request.param)


def unlike(model: nn.Module) -> nn.Module:
    """Stretch every parameter a little: many start as ones. Zeros stay."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.rand(parameter.shape, generator=generator)
            parameter.mul_(0.75 + 0.5 * noise)
    return model


def adapters_of(model: nn.Module) -> list[Adapter]:
    return [module for module in model.modules() if isinstance(module, Adapter)]


def evaluated(model: nn.Module) -> nn.Module:
    """``model.eval()``, whose upstream form may return None."""
    model.eval()
    return model


def own(case: HostCase, model: nn.Module, branch: str = 'mlp') -> dict[str, Any]:
    """Adapters on the blocks of the case's class alone."""
    layers = [
        index
        for index, (_, block) in enumerate(find_hosts(model))
        if type(block) is case.block
    ]
    if branch != 'mlp' and case.attn_layers is not None:
        layers = case.attn_layers
    return {**ADAPTER, 'branch': branch, 'layers': layers}


def everywhere(case: HostCase, model: nn.Module) -> list[dict[str, Any]]:
    """Adapters beside all MLPs; and beside all branches of the case's blocks."""
    if 'attn' not in HOSTS[case.block].branches:
        return [ADAPTER]
    return [ADAPTER, own(case, model, 'both')]


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


class Tap:
    """What a norm in front of a branch reads (pre_norm) and gives (post_norm).

    A norm that serves both branches is called twice: the attention's call is the
    first, the MLP's the last.
    """

    def __init__(self, module: nn.Module, call: int) -> None:
        self.call = call
        self.calls: list[dict[str, Tensor]] = []
        module.register_forward_hook(self.keep)

    def keep(self, _: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> None:
        self.calls.append({'pre_norm': args[0].clone(), 'post_norm': out})

    def __getitem__(self, source: str) -> Tensor:
        return self.calls[self.call][source]


def tap_mlp(block: nn.Module, case: HostCase) -> Tap:
    return Tap(block.get_submodule(case.norm), -1)


def skip_of(case: HostCase, block_input: Tensor, x: Tensor) -> Tensor:
    """The stream that the MLP is added to."""
    return x if case.skip is None else case.skip(block_input)


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
        skip = skip_of(case, before[0][0], tapped['pre_norm'])
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


def test_base_state_dict_loads_and_only_adapters_are_missing(case: HostCase) -> None:
    base = case.build()
    plain = case.build().load_state_dict(base.state_dict(), strict=False)
    adapted = mmadapt.adapt(case.build(), ADAPTER)
    result = adapted.load_state_dict(base.state_dict(), strict=False)
    prefixes = tuple(f'{name}.' for name in adapter_prefixes(adapted))
    assert result.unexpected_keys == []
    missing = set(result.missing_keys) - set(plain.missing_keys)  # tables of Swin V2
    assert missing
    assert all(key.startswith(prefixes) for key in missing)


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
    host.register_forward_hook(lambda _, args, out: outputs.extend([args[0], out]))
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


def test_a_task_file_restores(case: HostCase) -> None:
    """What was trained, through a file, into another model on the same trunk."""
    origin = {'type': 'RandomTrunk', 'seed': 0}
    models = []
    for _ in range(2):
        with drawn_from(origin):
            model = case.build()
        models.append(evaluated(adapt_backbone(model, ADAPTER, (), True, origin)))
    first, second = models
    for adapter in adapters_of(first):
        randomise(adapter)
    buffer = io.BytesIO()
    torch.save(task_state(first, first.state_dict()), buffer)
    buffer.seek(0)
    runner.load_state_dict(second, torch.load(buffer, weights_only=True))
    with torch.no_grad():
        expected = feature(first(case.input()))
        assert torch.equal(feature(second(case.input())), expected)
