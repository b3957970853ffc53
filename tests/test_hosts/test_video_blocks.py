"""What the contract can't see in blocks of MMAction2 that do more than two branches."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from mmaction.models.backbones.mvit import MultiScaleBlock
from mmcv.cnn.bricks.transformer import BaseTransformerLayer
from torch import Tensor, nn

import mmadapt
from mmadapt.errors import ConfigError
from tests.helpers import feature, randomise, video_input
from tests.host_cases.video_mvit import build as build_mvit
from tests.host_cases.video_uniformerv2 import build as build_uniformerv2


def test_both_local_convolutions_of_uniformerv2_are_kept() -> None:
    base = build_uniformerv2(double_lmhra=True).eval()
    adapted = mmadapt.adapt(copy.deepcopy(base), {'bottleneck': 8, 'branch': 'both'})
    with torch.no_grad():
        expected = feature(base(video_input()))
        assert torch.equal(feature(adapted(video_input())), expected)
        for block in base.transformer.resblocks:
            block.double_lmhra = False
        assert not torch.allclose(feature(base(video_input())), expected, atol=1e-3)


def test_extractors_of_uniformerv2_come_last() -> None:
    adapted = mmadapt.adapt(
        build_uniformerv2(), {'bottleneck': 8, 'layers': {'first': 2}}
    )
    parents = {
        name.split('.')[1]
        for name, _ in adapted.named_modules()
        if name.endswith('.adapter')
    }
    assert parents == {'resblocks'}


def two_widths(in_attention: bool) -> nn.Module:
    """MViT with a widening block, the third that pools or the one in front of it."""
    base = build_mvit(dim_mul_in_attention=in_attention)
    for name, parameter in base.named_parameters():
        if name.endswith('bias'):
            nn.init.normal_(parameter, std=0.1)
    return base.eval()


def inputs_of(block: nn.Module, model: nn.Module) -> tuple[Any, ...]:
    seen: list[Any] = []
    handle = block.register_forward_pre_hook(lambda _, args: seen.append(args))
    with torch.no_grad():
        model(video_input())
    handle.remove()
    return copy.deepcopy(seen[0])


@pytest.mark.parametrize('in_attention', [True, False])
def test_the_mlps_adapter_of_mvit_reads_the_widened_stream(in_attention: bool) -> None:
    base = two_widths(in_attention)
    index = 2 if in_attention else 1
    plain = base.blocks[index]
    assert type(plain) is MultiScaleBlock
    assert (plain.in_dims, plain.out_dims) == (32, 64)
    args = inputs_of(plain, base)
    seen: dict[str, Tensor] = {}
    plain.norm2.register_forward_hook(
        lambda _, args, out: seen.update(x=args[0], normed=out)
    )
    expected, _ = plain(*args)
    host = mmadapt.adapt(copy.deepcopy(base), {'bottleneck': 8}).blocks[index]
    randomise(host.adapter)
    read = seen['x'] if in_attention else plain.proj(seen['normed'])
    out, _ = host(*args)
    torch.testing.assert_close(out, expected + host.adapter(read), atol=2e-6, rtol=1e-5)
    assert not torch.allclose(out, expected, atol=1e-3)


@pytest.mark.parametrize('in_attention', [True, False])
def test_the_attentions_adapter_of_mvit_reads_the_pooled_stream(
    in_attention: bool,
) -> None:
    base = two_widths(in_attention)
    plain = base.blocks[2]
    args = inputs_of(plain, base)
    adapted = mmadapt.adapt(copy.deepcopy(base), {'bottleneck': 8, 'branch': 'attn'})
    host = adapted.blocks[2]
    randomise(host.attn_adapter)
    seen: list[Tensor] = []
    moved: list[Tensor] = []
    for block, kept in ((plain, seen), (host, moved)):
        block.norm2.register_forward_pre_hook(lambda _, a, kept=kept: kept.append(a[0]))
        block(*args)
    x, grid = args
    stream = plain.proj(plain.norm1(x)) if in_attention else x
    cls, tokens = stream[:, :1], stream[:, 1:]
    pooled = plain.pool_skip(tokens.transpose(1, 2).unflatten(2, grid))
    read = torch.cat([cls, pooled.flatten(2).transpose(1, 2)], dim=1)
    expected = seen[0] + host.attn_adapter(read)
    torch.testing.assert_close(moved[0], expected, atol=2e-6, rtol=1e-5)


def layer(**options: Any) -> nn.Module:
    attention = {'type': 'MultiheadAttention', 'embed_dims': 8, 'num_heads': 2}
    merged = {
        'attn_cfgs': attention,
        'ffn_cfgs': {'type': 'FFN', 'embed_dims': 8, 'feedforward_channels': 8},
        'operation_order': ('norm', 'self_attn', 'norm', 'ffn'),
        **options,
    }
    return nn.Sequential(BaseTransformerLayer(**merged))


@pytest.mark.parametrize(
    'options',
    [
        {'operation_order': ('self_attn', 'norm', 'ffn', 'norm')},
        {'operation_order': ('norm', 'self_attn', 'norm', 'cross_attn', 'norm', 'ffn')},
        {
            'ffn_cfgs': {
                'type': 'FFN',
                'embed_dims': 8,
                'feedforward_channels': 8,
                'add_identity': False,
            }
        },
    ],
)
def test_other_layers_of_mmcv_are_refused(options: dict[str, Any]) -> None:
    model = layer(**options)
    with pytest.raises(ConfigError, match="TransformerLayer: none .* of TimeSformer's"):
        mmadapt.adapt(model, {'bottleneck': 4})
    assert type(model[0]) is BaseTransformerLayer
    mmadapt.adapt(nn.Sequential(*model, *layer()), {'bottleneck': 4})  # passed over
    assert type(model[0]) is BaseTransformerLayer


def test_a_mask_that_timesformer_never_gives_is_refused() -> None:
    adapted = mmadapt.adapt(layer(), {'bottleneck': 4})
    x = torch.zeros(1, 3, 8)
    with pytest.raises(ConfigError, match='have to be None'):
        adapted[0](x, query_pos=x)
