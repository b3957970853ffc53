"""The layout is told from the keys, and q, k and v are joined."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mmadapt.weights.layouts import detect, read_source

from ...helpers import build_image_vit, build_video_vit
from .. import foreign


def image() -> dict[str, Any]:
    return foreign.timm_state()


def clips() -> dict[str, Any]:
    return foreign.videomae_state()


def under(prefix: str, state: dict[str, Any]) -> dict[str, Any]:
    return {prefix + name: tensor for name, tensor in state.items()}


CASES: dict[str, tuple[Any, str, str]] = {
    'timm': (image, 'timm', ''),
    'VideoMAE': (clips, 'VideoMAE', ''),
    'pre-training': (
        lambda: foreign.pretraining(clips()),
        'VideoMAE pre-training',
        'encoder.',
    ),
    'official image': (lambda: foreign.official(image()), 'AdaptFormer', ''),
    'official video': (lambda: foreign.official(clips()), 'AdaptFormer', ''),
    'official converted': (
        lambda: foreign.official(foreign.pretraining(clips())),
        'AdaptFormer',
        'encoder.',
    ),
    'mmpretrain': (lambda: build_image_vit().state_dict(), 'mmpretrain', ''),
    'mmaction': (lambda: build_video_vit().state_dict(), 'mmaction', ''),
    'mmaction model': (
        lambda: under('backbone.', build_video_vit().state_dict()),
        'mmaction',
        'backbone.',
    ),
    'DataParallel': (lambda: under('module.', image()), 'timm', 'module.'),
}


@pytest.mark.parametrize(('state', 'name', 'prefix'), CASES.values(), ids=CASES)
def test_layout_and_prefix(state: Any, name: str, prefix: str) -> None:
    tensors = state()
    found = detect(tensors)
    assert found is not None
    assert found[1] == prefix
    source = read_source(tensors, *found)
    assert source.layout == name
    assert 'blocks.1.attn.qkv.weight' in source.trunk
    assert 'blocks.1.mlp.fc2.bias' in source.trunk


def test_another_network_has_no_layout() -> None:
    assert detect({'conv1.weight': 0, 'fc.weight': 0, 'layers.0.weight': 0}) is None


def test_q_k_and_v_are_joined_in_that_order() -> None:
    state = foreign.official(foreign.timm_state())
    found = detect(state)
    assert found is not None
    trunk = read_source(state, *found).trunk
    for kind in ('weight', 'bias'):
        name = f'blocks.1.attn.qkv.{kind}'
        assert torch.equal(trunk[name].tensor, foreign.timm_state()[name])
    assert trunk['blocks.1.attn.qkv.bias'].origin == (
        'blocks.1.attn.q_proj.bias + blocks.1.attn.k_proj.bias + '
        'blocks.1.attn.v_proj.bias'
    )


def test_the_head_is_no_part_of_the_trunk() -> None:
    state = {**foreign.timm_state(), 'head.0.running_mean': torch.zeros(48)}
    found = detect(state)
    assert found is not None
    source = read_source(state, *found)
    assert set(source.outside) == {
        'head.fc.weight',
        'head.fc.bias',
        'head.bn.running_mean',
    }
