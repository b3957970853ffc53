"""Whatever is computed a second time, outputs and gradients stay what they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import mmadapt
from mmadapt.backbones.recompute import blocks_of, set_recompute
from mmadapt.errors import ConfigError
from mmadapt.recompute import TIERS
from tests.helpers import build_image_swin, feature
from tests.host_cases import HOST_CASES
from tests.host_cases.case import HostCase
from tests.processes import in_processes

from .steps import SIDES, adapted, assert_equal, step, tiered

AGAIN = [tier for tier in TIERS if tier != 'none']

# Autograd's own way, as the function that stands for the MLP has no such adapter.
OTHERS = {
    'sequential': {'mode': 'sequential'},
    'post norm': {'input': 'post_norm'},
    'norm in': {'norm': 'in'},
    'norm out': {'norm': 'out'},
    'learnable': {'scale': 'learnable'},
    'conv': {'type': 'AdaptDWConv'},
}


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('tier', AGAIN)
@pytest.mark.parametrize('option', list(OTHERS))
def test_every_kind_of_adapter_to_the_bit(side: str, tier: str, option: str) -> None:
    model, x = adapted(side, {'bottleneck': 8, 'dropout': 0.3, **OTHERS[option]})
    # An adapter behind the norm has it computed once more: its gradient is a sum.
    exact = option != 'post norm' or tier == 'block'
    assert_equal(step(tiered(model, tier), x), step(model, x), exact)


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('tier', AGAIN)
@pytest.mark.parametrize('branch', ['mlp', 'attn', 'both'])
@pytest.mark.parametrize('layers', ['all', [0]])
def test_every_place(side: str, tier: str, branch: str, layers: Any) -> None:
    model, x = adapted(side, {'bottleneck': 8, 'branch': branch, 'layers': layers})
    assert_equal(step(tiered(model, tier), x), step(model, x))


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('tier', AGAIN)
@pytest.mark.parametrize('trainable', ['all', ['patch_embed']])
def test_trained_trunks(side: str, tier: str, trainable: Any) -> None:
    model, x = adapted(side, None, trainable)
    assert_equal(step(tiered(model, tier), x), step(model, x))


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('tier', AGAIN)
def test_stochastic_depth_draws_the_same(side: str, tier: str) -> None:
    model, x = adapted(side, {'bottleneck': 8}, drop_path_rate=0.5)
    assert_equal(step(tiered(model, tier), x), step(model, x))


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('tier', AGAIN)
def test_mixed_precision_to_the_bit(side: str, tier: str) -> None:
    model, x = adapted(side, {'bottleneck': 8})
    with torch.autocast('cpu', torch.bfloat16):
        assert_equal(step(tiered(model, tier), x), step(model, x), exact=True)


@pytest.mark.parametrize('side', list(SIDES))
def test_each_tier_keeps_less_than_the_one_before(side: str) -> None:
    model, x = adapted(side, {'bottleneck': 8})
    kept = [step(tiered(model, tier), x).kept for tier in TIERS]
    assert kept == sorted(kept, reverse=True) and len(set(kept)) == len(TIERS)
    fused = step(tiered(model, 'none', fused=True), x)
    assert fused.kept <= kept[0]


@pytest.mark.parametrize('index', range(len(TIERS)))
def test_what_a_block_keeps(index: int) -> None:
    """In tensors as large as its input; the MLP is twice as wide."""
    kept = [
        step(tiered(model, TIERS[index]), x).kept
        for model, x in (
            adapted('image', {'bottleneck': 8, 'layers': [lowest]}) for lowest in (0, 1)
        )
    ]
    # x, q, k, v, attention, x', hidden (2); x and attention; x' as well; x
    expected = [8, 6, 3, 1][index]
    assert (kept[0] - kept[1]) / (2 * 17 * 48 * 4) == pytest.approx(expected, abs=0.4)


@pytest.mark.parametrize('tier', AGAIN)
@pytest.mark.parametrize('side', list(SIDES))
def test_compiled(side: str, tier: str) -> None:
    model, x = adapted(side, {'bottleneck': 8})
    torch._dynamo.reset()
    compiled = torch.compile(tiered(model, tier), backend='aot_eager')
    found = step(compiled, x)
    gradients = found.gradients
    found.gradients = {n.removeprefix('_orig_mod.'): g for n, g in gradients.items()}
    assert_equal(found, step(model, x))


@pytest.mark.parametrize('tier', AGAIN)
def test_two_processes_average_the_gradients(tier: str, tmp_path: Path) -> None:
    model, x = adapted('image', {'bottleneck': 8})

    def gradients(rank: int) -> dict[str, Any]:
        parallel = DistributedDataParallel(tiered(model, tier))
        output = feature(parallel(x[rank : rank + 1]))
        (output * torch.linspace(-1, 1, output.numel())).sum().backward()
        return {n: p.grad.numpy() for n, p in parallel.module.named_parameters()
                if p.grad is not None}  # fmt: skip

    found = in_processes(2, gradients, tmp_path)
    output = feature(model(x))
    (output * torch.linspace(-1, 1, output.shape[1])).sum().div(2).backward()
    assert isinstance(found[0], dict), found[0]
    for name, gradient in found[0].items():
        expected = model.get_parameter(name).grad
        assert expected is not None
        limit = 1e-5 * float(expected.abs().max())
        close = {'atol': limit, 'rtol': 1e-5}
        torch.testing.assert_close(torch.from_numpy(gradient), expected, **close)


@pytest.mark.parametrize('case', HOST_CASES, ids=lambda case: case.id)
def test_every_block_can_be_computed_again_as_a_whole(case: HostCase) -> None:
    torch.manual_seed(0)
    model = mmadapt.adapt(case.build(), {'bottleneck': 8, 'init': 'normal'})
    model.train()
    x = case.input()
    assert_equal(step(tiered(model, 'block'), x), step(model, x), exact=True)


def test_a_hook_of_a_block_runs_once() -> None:
    model, x = adapted('image', {'bottleneck': 8})
    for tier in AGAIN:
        again = tiered(model, tier)
        calls: list[nn.Module] = []
        again.layers[1].register_forward_hook(lambda *args, c=calls: c.append(args[0]))
        step(again, x)
        assert len(calls) == 1


def test_prompts_are_recomputed_with_their_blocks() -> None:
    model, x = adapted('image', {'type': 'VPT', 'num_tokens': 2, 'dropout': 0.2})
    assert_equal(step(tiered(model, 'block'), x), step(model, x), exact=True)
    with pytest.raises(ConfigError, match='without prompts'):
        set_recompute(model, 'mlp')


def test_what_cannot_be_obeyed_is_an_error() -> None:
    model, _ = adapted('image', {'bottleneck': 8})
    with pytest.raises(ConfigError, match=r"recompute='all'.*'mlp\+qkv'"):
        set_recompute(model, 'all')
    swin = mmadapt.adapt(build_image_swin(), {'bottleneck': 8})
    with pytest.raises(ConfigError, match=r'SwinBlock.*vit_mae\.Block'):
        set_recompute(swin, 'mlp')
    assert not any('recompute_tier' in vars(module) for module in swin.modules())
    with pytest.raises(ConfigError, match='no block that takes adapters'):
        set_recompute(nn.Linear(2, 2), 'block')


def test_statistics_that_move_are_not_computed_twice() -> None:
    case = next(c for c in HOST_CASES if 'tinyvit' in c.id and 'Conv' not in c.id)
    model = mmadapt.adapt(case.build(), trainable='all', norm_eval=False)
    with pytest.raises(ConfigError, match='BatchNorm'):
        set_recompute(model, 'block')


@pytest.mark.parametrize('side', list(SIDES))
def test_without_gradients_nothing_changes(side: str) -> None:
    model, x = adapted(side, {'bottleneck': 8})
    for tier in AGAIN:
        again = tiered(model, tier)
        assert len(blocks_of(again)) == 2
        with torch.no_grad():
            assert torch.equal(feature(again(x)), feature(model(x)))
        assert again.state_dict().keys() == model.state_dict().keys()
