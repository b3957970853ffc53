"""Adapter configs taken apart: placement on both branches, and stage by stage."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import mmadapt
from mmadapt.adapt import adapter_prefixes
from mmadapt.adapters import VPT, Adapter, AdaptMLP
from mmadapt.errors import ConfigError
from mmadapt.placement import function_options
from mmadapt.request import parse, parse_all
from tests.helpers import build_image_swin, build_image_vit


class Demanding(Adapter):
    """A branch whose option has no default."""

    def __init__(self, dim: int, size: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return x


def trained(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def branch(width: int, bottleneck: int) -> int:
    """Parameters of one bottleneck: both projections with their biases."""
    return 2 * width * bottleneck + bottleneck + width


def test_parts_and_defaults() -> None:
    request = parse({'bottleneck': 4, 'layers': [0], 'branch': 'both'})
    assert request.method is AdaptMLP
    assert request.options == {'bottleneck': 4}
    assert (request.layers, request.branches) == ([0], ('attn', 'mlp'))
    assert parse({}).branches == ('mlp',)
    assert parse({'type': VPT}).method is VPT
    assert parse_all(None) == []
    assert len(parse_all([{}, {'type': 'VPT'}])) == 2


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        ({'type': 'AdaptMPL'}, "Did you mean 'AdaptMLP'"),
        ({'type': nn.Linear}, 'is not known'),
        ({'type': Adapter}, 'is not known; allowed: .*AdaptMLP'),  # has no forward
        ({'type': Demanding}, "Demanding needs the option 'size'"),
        ({'type': 'VPT', 'layer': [0]}, "no option 'layer'.*Did you mean 'layers'"),
        ({'bottlneck': 4}, "no option 'bottlneck'.*Did you mean 'bottleneck'"),
        ({'branch': 'mpl'}, "branch='mpl' is not known.*Did you mean 'mlp'"),
        ({'type': 'VPT', 'branch': 'attn'}, "VPT has no option 'branch'"),
    ],
)
def test_what_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(config)


@pytest.mark.parametrize('adapter', ['AdaptMLP', 4, [4], ['VPT']])
def test_what_is_no_config(adapter: Any) -> None:
    with pytest.raises(ConfigError, match='a dict such as'):
        parse_all(adapter)


@pytest.mark.parametrize(('name', 'branches'), [('mlp', 1), ('attn', 1), ('both', 2)])
def test_a_vit_by_branch(name: str, branches: int) -> None:
    model = mmadapt.adapt(build_image_vit(), {'bottleneck': 8, 'branch': name})
    assert trained(model) == 2 * branches * branch(48, 8)
    children = {prefix.rpartition('.')[2] for prefix in adapter_prefixes(model)}
    expected = {'mlp': {'adapter'}, 'attn': {'attn_adapter'}}
    assert children == expected.get(name, {'adapter', 'attn_adapter'})


def test_both_branches_of_a_vit_counted_by_hand() -> None:
    """Two blocks 48 wide: 48 * 8 + 8 down, 8 * 48 + 48 up, on two branches each."""
    model = mmadapt.adapt(build_image_vit(), {'bottleneck': 8, 'branch': 'both'})
    assert trained(model) == 2 * 2 * (392 + 432) == 3296


def test_two_methods_on_two_branches_of_one_block() -> None:
    adapter = [
        {'bottleneck': 4, 'branch': 'attn', 'layers': [0]},
        {'bottleneck': 8, 'layers': 'all'},
    ]
    model = mmadapt.adapt(build_image_vit(), adapter)
    assert trained(model) == branch(48, 4) + 2 * branch(48, 8)


@pytest.mark.parametrize(
    'adapter',
    [
        [{'bottleneck': 4}, {'bottleneck': 4, 'branch': 'both', 'layers': [0]}],
        [{'bottleneck': 4, 'branch': 'attn'}, {'type': 'VPT'}],
    ],
)
def test_two_on_one_branch_or_beside_prompts(adapter: list[dict[str, Any]]) -> None:
    model = build_image_vit()
    with pytest.raises(ConfigError, match=r'layers\.0 is given two adapters'):
        mmadapt.adapt(model, adapter)
    assert adapter_prefixes(model) == []


def test_a_bottleneck_a_stage() -> None:
    """Swin of two stages of two blocks, 48 and 96 wide."""
    model = mmadapt.adapt(build_image_swin(), {'bottleneck': [4, '1/12']})
    assert trained(model) == 2 * branch(48, 4) + 2 * branch(96, 8)
    model = mmadapt.adapt(
        build_image_swin(), {'bottleneck': [4, 8], 'layers': {'stages': [-1]}}
    )
    assert trained(model) == 2 * branch(96, 8)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'bottleneck': [4]}, r'there are 2 \(blocks a stage: 2, 2\)'),
        ({'bottleneck': [4, 8, 16]}, 'one value for each stage'),
        ({'bottleneck': [4, 0]}, 'bottleneck=0'),
        ({'bottleneck': [4, 'x'], 'layers': {'stages': [0]}}, "bottleneck='x'"),
        ({'bottleneck': [0, 4], 'layers': [2], 'branch': 'attn'}, 'bottleneck=0'),
        ({'scale': [0.1, 0.2]}, r'scale=\[0.1, 0.2\]'),
    ],
)
def test_a_wrong_list(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        mmadapt.adapt(build_image_swin(), options)


def test_checking_what_is_not_chosen_rolls_no_dice() -> None:
    weights = []
    for bottleneck in ([4, 8], 4):
        torch.manual_seed(0)
        adapter = {'bottleneck': bottleneck, 'layers': {'stages': [0]}}
        model = build_image_swin()
        torch.manual_seed(0)
        mmadapt.adapt(model, adapter)
        weights.append([p for p in model.parameters() if p.requires_grad])
    assert all(torch.equal(*pair) for pair in zip(*weights, strict=True))
    assert len(weights[0]) == 2 * 4


@pytest.mark.parametrize('same', [{'first': 2}, [1, 0], [-4, -3], {'stages': [0]}])
def test_one_function_is_described_in_one_way(same: Any) -> None:
    model = build_image_swin()
    adapter = {'bottleneck': 4, 'layers': same, 'init': 'normal'}
    described = function_options(model, adapter)
    assert described == function_options(model, [{'bottleneck': 4, 'layers': [0, 1]}])
    assert described != function_options(model, {**adapter, 'branch': 'attn'})
    assert function_options(model, None) == []


def test_what_decides_the_function() -> None:
    model = build_image_swin()
    plain, both = function_options(
        model,
        [
            {'bottleneck': [4, 8], 'dropout': 0.5},
            {'branch': 'both', 'layers': {'stages': [1]}},
        ],
    )
    assert plain['bottleneck'] == [4, 8]
    assert plain['layers'] == [0, 1, 2, 3]
    assert 'branch' not in plain and 'dropout' not in plain
    assert (both['branch'], both['layers']) == ('both', [2, 3])
