"""What the contract can't see in MMPretrain's blocks: deployed, pooled, widened."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from mmcv.cnn.bricks.transformer import FFN
from mmpretrain.models.backbones import (
    efficientformer,
    levit,
    mvit,
    poolformer,
    tinyvit,
)
from mmpretrain.models.backbones.twins import PCPVT
from torch import Tensor, nn

import mmadapt
from mmadapt.adapt import adapter_prefixes
from mmadapt.adapters import Adapter
from mmadapt.placement import find_hosts
from tests.helpers import feature, image_input, randomise
from tests.host_cases import (
    image_conformer,
    image_davit,
    image_efficientformer,
    image_levit,
    image_mobilevit,
    image_mvit,
    image_poolformer,
    image_riformer,
    image_swin_v2,
    image_tinyvit,
    image_twins,
)

FAMILIES = [
    image_conformer,
    image_davit,
    image_efficientformer,
    image_levit,
    image_mobilevit,
    image_mvit,
    image_poolformer,
    image_riformer,
    image_swin_v2,
    image_tinyvit,
    image_twins,
]
MLPS = (
    FFN,
    efficientformer.ConvMlp,
    efficientformer.LinearMlp,
    levit.MLP,
    mvit.MLP,
    poolformer.Mlp,
    tinyvit.MLP,
)


def pcpvt() -> nn.Module:
    arch = {
        'embed_dims': [16, 32],
        'num_heads': [2, 4],
        'mlp_ratios': [2, 2],
        'depths': [2, 1],
        'patch_sizes': [4, 2],
        'strides': [4, 2],
        'sr_ratios': [2, 1],
    }
    return PCPVT(arch=arch, out_indices=(1,))


DEPLOYED = {'levit': image_levit.build, 'riformer': image_riformer.build}
BUILDS: dict[str, Callable[..., nn.Module]] = {
    family.__name__.rpartition('.')[2]: family.build for family in FAMILIES
}


@pytest.mark.parametrize('build', [*BUILDS.values(), pcpvt], ids=[*BUILDS, 'pcpvt'])
def test_each_mlp_has_a_host_of_its_own(build: Callable[..., nn.Module]) -> None:
    model = build()
    mlps = [name for name, m in model.named_modules() if isinstance(m, MLPS)]
    hosts = [name for name, _ in find_hosts(model)]
    assert len(mlps) > 1
    assert [name.rpartition('.')[0] for name in mlps] == hosts


@pytest.mark.parametrize('build', DEPLOYED.values(), ids=DEPLOYED)
def test_deployed_the_model_computes_the_same(build: Callable[..., nn.Module]) -> None:
    x = image_input(size=64)
    base = build()
    with torch.no_grad():
        base.train()
        base(x)  # statistics that aren't 0 and 1
        for parameter in base.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    adapted = mmadapt.adapt(base, {'bottleneck': 8})
    for name in adapter_prefixes(adapted):
        randomise(adapted.get_submodule(name), std=0.1)
    adapted.eval()
    weights = {n: p.clone() for n, p in adapted.state_dict().items() if 'adapter' in n}
    with torch.no_grad():
        expected = feature(adapted(x))
        adapted.switch_to_deploy()
        adapted.eval()
        torch.testing.assert_close(feature(adapted(x)), expected, atol=1e-3, rtol=1e-4)
    state = adapted.state_dict()
    assert weights and all(torch.equal(state[n], t) for n, t in weights.items())


@pytest.mark.parametrize('build', DEPLOYED.values(), ids=DEPLOYED)
def test_deployed_models_are_adapted_too(build: Callable[..., nn.Module]) -> None:
    base = build(deploy=True).requires_grad_(False)
    base.eval()
    adapted = mmadapt.adapt(copy.deepcopy(base), {'bottleneck': 8})
    assert len(adapter_prefixes(adapted)) == len(
        adapter_prefixes(mmadapt.adapt(build(), {'bottleneck': 8}))
    )
    x = image_input(size=64)
    with torch.no_grad():
        assert torch.equal(feature(adapted(x)), feature(base(x)))


def test_only_the_skips_around_mlps_of_levit_are_hosts() -> None:
    adapted = mmadapt.adapt(image_levit.build(), {'bottleneck': 8})
    for module in adapted.modules():
        if isinstance(module, levit.Residual):
            has_adapter = any(isinstance(m, Adapter) for m in module.children())
            assert has_adapter == isinstance(module.block, levit.MLP)
            assert (type(module) is levit.Residual) != has_adapter


def test_the_last_norm_of_swin_v2_stands_behind_the_adapter() -> None:
    arch = {
        'embed_dims': 48,
        'depths': [2],
        'num_heads': [2],
        'extra_norm_every_n_blocks': 2,
    }
    base = image_swin_v2.build(arch=arch, out_indices=(0,), pretrained_window_sizes=[0])
    base.eval()
    plain = base.stages[0].blocks[1]
    nn.init.normal_(plain.norm3.weight)
    adapted = mmadapt.adapt(copy.deepcopy(base), {'bottleneck': 8, 'layers': [1]})
    host = adapted.stages[0].blocks[1]
    randomise(host.adapter)
    seen: dict[str, Tensor] = {}
    plain.ffn.register_forward_hook(lambda _, a, out: seen.update(x=a[0]))
    plain.norm3.register_forward_hook(lambda _, a, out: seen.update(last=a[0]))
    x = torch.randn(2, 64, 48)
    with torch.no_grad():
        plain(x, (8, 8))
        expected = plain.norm3(seen['last'] + host.adapter(seen['x']))
        torch.testing.assert_close(host(x, (8, 8)), expected, atol=2e-6, rtol=1e-5)


def mvit_blocks(
    in_attention: bool, index: int, **adapter: Any
) -> tuple[Any, Any, tuple[Tensor, tuple[int, int]]]:
    """A block of MViT, its host, and inputs of theirs."""
    base = image_mvit.build(dim_mul_in_attention=in_attention)
    base.eval()
    for parameter in base.parameters():
        nn.init.normal_(parameter, std=0.3)
    adapted = mmadapt.adapt(copy.deepcopy(base), {'bottleneck': 8, **adapter})
    for name in adapter_prefixes(adapted):
        randomise(adapted.get_submodule(name))
    plain = base.blocks[index]
    tokens = torch.randn(2, 32, plain.in_dims)
    return plain, adapted.blocks[index], (tokens, (4, 8))


@pytest.mark.parametrize(('in_attention', 'index'), [(True, 2), (False, 1)])
def test_mvits_adapter_reads_the_widened_stream(in_attention: bool, index: int) -> None:
    plain, host, args = mvit_blocks(in_attention, index)
    assert (plain.in_dims, plain.out_dims) == (32, 64)
    seen: dict[str, Tensor] = {}
    plain.norm2.register_forward_hook(lambda _, a, out: seen.update(x=a[0], y=out))
    with torch.no_grad():
        expected, grid = plain(*args)
        read = seen['x'] if in_attention else plain.proj(seen['y'])
        out, out_grid = host(*args)
        expected = expected + host.adapter(read)
    assert out_grid == grid
    torch.testing.assert_close(out, expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize(('in_attention', 'index'), [(True, 2), (False, 1), (False, 2)])
def test_mvits_attention_adapter_reads_the_pooled_stream(
    in_attention: bool, index: int
) -> None:
    plain, host, args = mvit_blocks(in_attention, index, branch='attn')
    seen: dict[str, Tensor] = {}
    for key, block in (('plain', plain), ('host', host)):
        block.norm2.register_forward_pre_hook(
            lambda _, a, key=key: seen.update({key: a[0]})
        )
    with torch.no_grad():
        plain(*args)
        host(*args)
        read = plain.proj(plain.norm1(args[0])) if in_attention else args[0]
        if index == 2:
            pooled = plain.pool_skip(read.transpose(1, 2).unflatten(2, (4, 8)))
            read = pooled.flatten(2).transpose(1, 2)
        expected = seen['plain'] + host.attn_adapter(read)
    torch.testing.assert_close(seen['host'], expected, atol=1e-4, rtol=1e-5)
