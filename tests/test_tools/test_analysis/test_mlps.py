"""MLPs found by their shapes, and blocks that have one and no adapter."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn
from zoo.mlps import bare_blocks, find_mlps

import mmadapt
from tests.helpers import build_image_swin, build_image_vit, build_video_vit


def sequence(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Sequential(*layers))


@pytest.mark.parametrize(
    ('layers', 'found'),
    [
        ([nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 8)], True),
        ([nn.Linear(8, 32), nn.Linear(32, 16)], True),  # widens the stream
        ([nn.Linear(8, 8), nn.Linear(8, 8)], True),
        ([nn.Linear(8, 48), nn.Linear(24, 8)], True),  # gated
        ([nn.Conv2d(8, 32, 1), nn.Conv2d(32, 8, 1)], True),
        ([nn.Conv2d(8, 8, 3), nn.Linear(8, 32), nn.Linear(32, 8)], True),
        ([nn.Linear(8, 24), nn.Linear(8, 8)], False),  # attention
        ([nn.Linear(8, 16), nn.Linear(8, 8)], False),  # attention with narrow keys
        ([nn.Linear(8, 24), nn.Linear(12, 8)], False),  # and with wide values
        ([nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)], False),
        ([nn.Linear(8, 2), nn.Linear(2, 8)], False),  # squeezes
        ([nn.Conv2d(8, 32, 3), nn.Conv2d(32, 8, 1)], False),
        ([nn.Conv2d(8, 32, 1), nn.Conv2d(32, 32, 3), nn.Conv2d(32, 8, 1)], False),
    ],
)
def test_what_is_an_mlp(layers: list[nn.Module], found: bool) -> None:
    assert find_mlps(sequence(*layers)) == (['0'] if found else [])


@pytest.mark.parametrize(
    ('build', 'names'),
    [
        (build_image_vit, ['layers.0.ffn.layers', 'layers.1.ffn.layers']),
        (build_video_vit, ['blocks.0.mlp.layers', 'blocks.1.mlp.layers']),
    ],
)
def test_those_of_a_backbone(build: Any, names: list[str]) -> None:
    assert find_mlps(build()) == names
    assert find_mlps(mmadapt.adapt(build(), {'bottleneck': 8})) == names


def test_blocks_without_an_adapter() -> None:
    assert bare_blocks(build_image_swin()) == {'SwinBlock': 4}
    adapted = mmadapt.adapt(build_image_swin(), {'bottleneck': 8, 'layers': [0, -1]})
    assert bare_blocks(adapted) == {'SwinBlock': 2}
    adapted = mmadapt.adapt(build_image_swin(), {'bottleneck': 8})
    assert not bare_blocks(adapted)
