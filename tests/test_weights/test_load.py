"""A loaded model computes what the file's own code base would, or isn't touched."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmadapt.errors import WeightsError
from mmadapt.weights import load_weights

from ..helpers import (
    build_image_vit,
    build_video_vit,
    feature,
    image_input,
    randomise,
    video_input,
)
from . import foreign
from .models import same, whole_model

CLOSE: dict[str, Any] = {'atol': 1e-5, 'rtol': 1e-4}


def evaluate(model: nn.Module, inputs: Tensor) -> Tensor:
    model.eval()  # returns None in MMPretrain
    with torch.no_grad():
        return feature(model(inputs))


IMAGE_FILES = {
    'timm': lambda state: state,
    'DeiT': lambda state: {'model': state},
    'jx': lambda state: {**state, 'pre_logits.fc.weight': torch.zeros(4, 4)},
    'MAE': lambda state: {'model': {**state, 'mask_token': torch.zeros(1, 1, 4)}},
    'AdaptFormer': lambda state: {'model': foreign.official(state)},
    'DataParallel': lambda state: {f'module.{n}': t for n, t in state.items()},
}


@pytest.mark.parametrize('wrap', IMAGE_FILES.values(), ids=IMAGE_FILES)
def test_image_files_give_the_function_of_their_own_code(wrap: Any) -> None:
    state = foreign.timm_state()
    model = build_image_vit()
    report = load_weights(model, wrap(state))
    torch.testing.assert_close(
        evaluate(model, image_input()),
        foreign.image_feature(state, image_input()),
        **CLOSE,
    )
    assert report.coverage == '30/30'
    assert not report.missing


def wrap_converted(state: dict[str, Tensor]) -> dict[str, Any]:
    """What the official convert.py writes: the encoder's prefix, official names."""
    return {'model': foreign.official(foreign.pretraining(state))}


VIDEO_FILES = {
    'model': lambda state: {'model': state},
    'module': lambda state: {'module': state},
    'AdaptFormer': lambda state: {'model': foreign.official(state)},
}


@pytest.mark.parametrize('wrap', VIDEO_FILES.values(), ids=VIDEO_FILES)
def test_video_files_give_the_function_of_their_own_code(wrap: Any) -> None:
    state = foreign.videomae_state()
    model = build_video_vit()
    load_weights(model, wrap(state))
    torch.testing.assert_close(
        evaluate(model, video_input()),
        foreign.clip_feature(state, video_input()),
        **CLOSE,
    )


@pytest.mark.parametrize('wrap', [foreign.pretraining, wrap_converted])
def test_videomae_pretraining_drops_the_norm_of_the_encoder(wrap: Any) -> None:
    state = foreign.videomae_state()
    model = build_video_vit()
    report = load_weights(model, wrap(state), fresh=['fc_norm'])
    assert 'encoder.norm.weight' in report.unexpected
    assert report.fresh == ['fc_norm.weight', 'fc_norm.bias']
    fresh = {
        **state,
        'fc_norm.weight': torch.ones(48),
        'fc_norm.bias': torch.zeros(48),
    }
    torch.testing.assert_close(
        evaluate(model, video_input()),
        foreign.clip_feature(fresh, video_input()),
        **CLOSE,
    )


def test_image_file_in_a_video_model_is_itself_on_a_still_clip() -> None:
    state = foreign.timm_state()
    model = build_video_vit()
    report = load_weights(model, state, fresh=['fc_norm'])
    still = image_input()[:, :, None].repeat(1, 1, 4, 1, 1)
    torch.testing.assert_close(
        evaluate(model, still), foreign.still_feature(state, image_input()), **CLOSE
    )
    assert sorted(report.resized) == ['patch_embed.projection.weight', 'pos_embed']


def test_k_bias_can_be_left_out() -> None:
    """The inflated model has no k bias; a huge one in the file changes nothing."""
    state = foreign.timm_state()
    for index in range(foreign.DEPTH):
        state[f'blocks.{index}.attn.qkv.bias'][48:96] = 5.0
    model = build_video_vit()
    load_weights(model, state, fresh=['fc_norm'])
    still = image_input()[:, :, None].repeat(1, 1, 4, 1, 1)
    torch.testing.assert_close(
        evaluate(model, still), foreign.still_feature(state, image_input()), **CLOSE
    )


def test_q_and_v_biases_fill_a_fused_bias() -> None:
    state = foreign.timm_state()
    for index in range(foreign.DEPTH):
        bias = state.pop(f'blocks.{index}.attn.qkv.bias')
        state[f'blocks.{index}.attn.q_bias'] = bias[:48]
        state[f'blocks.{index}.attn.v_bias'] = bias[96:]
    model = build_image_vit()
    load_weights(model, state)
    torch.testing.assert_close(
        evaluate(model, image_input()),
        foreign.image_feature(state, image_input()),
        **CLOSE,
    )


@pytest.mark.parametrize('build', [build_image_vit, build_video_vit])
@pytest.mark.parametrize('prefix', ['', 'backbone.', 'module.backbone.'])
def test_openmmlab_files_come_back_bit_by_bit(build: Any, prefix: str) -> None:
    donor, model = build(), build()
    randomise(donor)
    file = {f'{prefix}{name}': t for name, t in donor.state_dict().items()}
    load_weights(model, {'state_dict': {**file, 'head.fc.weight': torch.zeros(5, 48)}})
    assert same(model, donor.state_dict())


def test_an_mmpretrain_file_can_be_inflated() -> None:
    state = foreign.timm_state()
    image_model, direct, through = (
        build_image_vit(),
        build_video_vit(),
        build_video_vit(),
    )
    load_weights(image_model, state)
    load_weights(direct, state, fresh=['fc_norm'])
    load_weights(through, image_model.state_dict(), fresh=['fc_norm'])
    assert same(through, direct.state_dict())


def test_a_backbone_of_another_kind_takes_its_own_names() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))

    donor, model = build(), build()
    randomise(donor)
    donor[1].running_mean.fill_(3.0)
    load_weights(model, {f'backbone.{n}': t for n, t in donor.state_dict().items()})
    assert same(model, donor.state_dict())
    without = {n: t for n, t in donor.state_dict().items() if 'running' not in n}
    with pytest.raises(WeightsError, match=r'1\.running_mean'):
        load_weights(model, without)


def test_official_adapters_and_head_reach_a_whole_model() -> None:
    state = foreign.official(foreign.timm_state())
    draw = torch.Generator().manual_seed(3)
    for index in range(foreign.DEPTH):
        start = f'blocks.{index}.adaptmlp'
        state[f'{start}.down_proj.weight'] = torch.randn(8, 48, generator=draw)
        state[f'{start}.down_proj.bias'] = torch.randn(8, generator=draw)
        state[f'{start}.up_proj.weight'] = torch.randn(48, 8, generator=draw)
        state[f'{start}.up_proj.bias'] = torch.randn(48, generator=draw)
        state[f'{start}.scale'] = torch.randn(1, generator=draw)
        state[f'{start}.adapter_layer_norm_before.weight'] = torch.randn(48)
        state[f'{start}.adapter_layer_norm_before.bias'] = torch.randn(48)
    del state['head.weight'], state['head.bias']
    state['head.0.running_mean'] = torch.randn(48, generator=draw)
    state['head.0.running_var'] = torch.rand(48, generator=draw)
    state['head.0.num_batches_tracked'] = torch.tensor(7)
    state['head.1.weight'] = torch.randn(7, 48, generator=draw)
    state['head.1.bias'] = torch.randn(7, generator=draw)

    model = whole_model(7)
    report = load_weights(model, {'model': state})
    after = model.state_dict()
    assert not report.unexpected
    assert not report.fresh
    for own, theirs in {
        'backbone.layers.1.adapter.down.weight': 'blocks.1.adaptmlp.down_proj.weight',
        'backbone.layers.1.adapter.up.bias': 'blocks.1.adaptmlp.up_proj.bias',
        'backbone.layers.0.adapter.scale': 'blocks.0.adaptmlp.scale',
        'backbone.layers.0.adapter.norm.weight': (
            'blocks.0.adaptmlp.adapter_layer_norm_before.weight'
        ),
        'neck.bn.running_var': 'head.0.running_var',
        'neck.bn.num_batches_tracked': 'head.0.num_batches_tracked',
        'head.fc.weight': 'head.1.weight',
    }.items():
        assert torch.equal(after[own], state[theirs]), own
