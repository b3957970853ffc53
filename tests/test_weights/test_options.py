"""What a trunk computes and no tensor tells."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

from mmadapt.adapters import AdaptMLP
from mmadapt.weights.options import trunk_options
from tests.test_backbones.test_faces import SIDES, build

WAYS: list[dict[str, Any]] = [
    {'fused_mlp': True},
    {'recompute': 'block'},
    {'recompute': 'mlp+qkv'},
    {'frozen_dtype': 'bfloat16'},
    {'drop_path_rate': 0.1},
]


class Attention(nn.Module):
    """Something with heads."""

    def __init__(self, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads


def test_each_value_once_in_order() -> None:
    trunk = nn.Sequential(
        Attention(3),
        Attention(6),
        Attention(3),
        nn.LayerNorm(4, eps=1e-6),
        nn.BatchNorm1d(4),
        nn.GELU(),
        nn.GELU(approximate='tanh'),
        nn.ReLU(inplace=True),
        nn.ReLU(),
    )
    expected = {
        'heads': [3, 6],
        'epsilon': [1e-6, 1e-5],
        'activation': ['GELU', 'GELU by tanh', 'ReLU'],
    }
    assert trunk_options(trunk) == expected
    trunk.append(AdaptMLP(12, bottleneck=5, norm='in'))  # with a ReLU and a LayerNorm
    trunk[3].adapter = AdaptMLP(12, bottleneck=5, norm='in')
    assert trunk_options(trunk) == expected


def stamped(side: str, **options: Any) -> dict[str, list[Any]]:
    """The options in the stamp of a tiny backbone of images or of clips."""
    backbone = build(
        SIDES[side],
        wrapped=False,
        init_cfg={'type': 'RandomTrunk'},
        **{'adapter': {'bottleneck': 4}, **options},
    )
    found: dict[str, list[Any]] = backbone.task_stamp.content['options']
    return found


@pytest.mark.parametrize('way', WAYS, ids=lambda way: next(iter(way)))
@pytest.mark.parametrize('side', SIDES)
def test_no_way_to_run_it_moves_them(side: str, way: dict[str, Any]) -> None:
    options = stamped(side)
    assert set(options) == {'heads', 'epsilon', 'activation'}
    assert stamped(side, **way) == options


@pytest.mark.parametrize('attention', ['eager', 'sdpa'])
def test_nor_does_the_kernel_of_the_attention(attention: str) -> None:
    assert stamped('video', attention=attention) == stamped('video')
