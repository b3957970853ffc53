"""Converted files load in the libraries' own models and loaders, strictly."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from mmadapt.errors import ConfigError, WeightsError
from mmadapt.weights import load_weights
from mmadapt.weights.convert import convert_weights

from ..helpers import (
    build_image_vit,
    build_video_vit,
    feature,
    image_input,
    video_input,
)
from . import foreign

CLOSE: dict[str, Any] = {'atol': 1e-5, 'rtol': 1e-4}


def backbone_part(state: dict[str, Tensor]) -> dict[str, Tensor]:
    prefix = 'backbone.'
    return {n[len(prefix) :]: t for n, t in state.items() if n.startswith(prefix)}


@pytest.mark.parametrize('wrap', [dict, foreign.official])
def test_image_files_in_mmpretrain(wrap: Any) -> None:
    state = foreign.timm_state()
    converted = convert_weights({'model': wrap(state)}, 'mmpretrain')
    model = build_image_vit()
    model.load_state_dict(backbone_part(converted.state), strict=True)
    model.eval()
    with torch.no_grad():
        own = feature(model(image_input()))
    expected = foreign.image_feature(state, image_input())
    torch.testing.assert_close(own, expected, **CLOSE)
    assert torch.equal(converted.state['head.fc.weight'], state['head.weight'])
    assert converted.left == []


@pytest.mark.parametrize('wrap', [dict, foreign.official])
def test_files_of_clips_in_mmaction(wrap: Any) -> None:
    state = foreign.videomae_state()
    converted = convert_weights({'model': wrap(state)}, 'mmaction')
    model = build_video_vit()
    missing, extra = model.load_state_dict(backbone_part(converted.state), strict=False)
    assert (missing, extra) == (['pos_embed'], [])  # computed, so never in a file
    model.eval()
    with torch.no_grad():
        own = model(video_input())
    expected = foreign.clip_feature(state, video_input())
    torch.testing.assert_close(own, expected, **CLOSE)
    assert torch.equal(converted.state['cls_head.fc.weight'], state['head.weight'])


def test_an_image_file_inflated_for_mmaction() -> None:
    state = foreign.timm_state()
    converted = convert_weights(state, 'mmaction', num_frames=4)
    model = build_video_vit()
    missing, extra = model.load_state_dict(backbone_part(converted.state), strict=False)
    assert (missing, extra) == (['fc_norm.weight', 'fc_norm.bias'], [])
    model.eval()
    still = image_input()[:, :, None].repeat(1, 1, 4, 1, 1)
    with torch.no_grad():
        own = model(still)
    expected = foreign.still_feature(state, image_input())
    torch.testing.assert_close(own, expected, **CLOSE)
    assert set(converted.left) == {'cls_token', 'norm.weight', 'norm.bias'}


def test_a_converted_trunk_has_the_fingerprint_of_the_original() -> None:
    state = foreign.timm_state()
    converted = convert_weights(state, 'mmpretrain')
    prints = {
        load_weights(build_image_vit(), file).record.fingerprint
        for file in (state, {'state_dict': converted.state})
    }
    assert len(prints) == 1


def test_what_can_not_be_converted() -> None:
    with pytest.raises(ConfigError, match='mmpretrain, mmaction'):
        convert_weights(foreign.timm_state(), 'timm')
    with pytest.raises(ConfigError, match='file of clips'):
        convert_weights(foreign.videomae_state(), 'mmpretrain')
    with pytest.raises(ConfigError, match='num_frames=3'):
        convert_weights(foreign.timm_state(), 'mmaction', num_frames=3)
    with pytest.raises(WeightsError, match=r'conv1\.weight'):
        convert_weights({'conv1.weight': torch.zeros(3)}, 'mmaction')


@pytest.mark.parametrize('to', ['mmpretrain', 'mmaction'])
def test_weights_that_are_no_numbers_are_not_carried_over(to: str) -> None:
    state = foreign.timm_state()
    name = 'blocks.1.norm2.bias'
    for value, message in (
        (state[name].clone().index_fill_(0, torch.tensor([3]), -torch.inf), 'infinite'),
        (state[name] * torch.nan, 'NaN'),
        (state[name].long(), 'whole numbers'),
    ):
        with pytest.raises(WeightsError, match=rf"'mae\.pth' has .*{message}.*: back"):
            convert_weights({**state, name: value}, to, file='mae.pth')
    counted = {**state, **{f'head.bn.{n}': torch.ones(48) for n in ('weight', 'bias')}}
    counted['head.bn.num_batches_tracked'] = torch.tensor(7)
    convert_weights(counted, to)
