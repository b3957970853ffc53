"""VPT against a ViT written out here, and against what the paper says of it."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor, nn

import mmadapt
from mmadapt.adapters import VPT
from mmadapt.errors import ConfigError
from tests.helpers import (
    build_image_swin,
    build_image_vit,
    build_video_vit,
    feature,
    image_input,
    video_input,
)

BUILDS = {
    'image': (build_image_vit, image_input),
    'video': (build_video_vit, video_input),
}


def prompts_of(model: nn.Module) -> list[VPT]:
    return [module for module in model.modules() if isinstance(module, VPT)]


def blocks_of(model: nn.Module) -> nn.ModuleList:
    return model.layers if hasattr(model, 'layers') else model.blocks


class Surround(nn.Module):
    """A block between tokens put in front and tokens cut off, seen from outside."""

    def __init__(self, block: nn.Module, front: Tensor | None, cut: int) -> None:
        super().__init__()
        self.block, self.front, self.cut = block, front, cut

    def forward(self, x: Tensor) -> Tensor:
        if self.front is not None:
            x = torch.cat([self.front.expand(len(x), -1, -1), x], dim=1)
        return self.block(x)[:, self.cut :]


@pytest.mark.parametrize('kind', BUILDS)
@pytest.mark.parametrize('deep', [True, False])
def test_prompts_stand_in_front_and_are_cut_off(kind: str, deep: bool) -> None:
    build, inputs = BUILDS[kind]
    base = build()
    base.eval()
    method = {'type': 'VPT', 'num_tokens': 3, 'deep': deep}
    adapted = mmadapt.adapt(copy.deepcopy(base), method)
    prompts = prompts_of(adapted)
    assert len(prompts) == (2 if deep else 1)
    blocks = blocks_of(base)
    if deep:
        for index, prompt in enumerate(prompts):
            blocks[index] = Surround(blocks[index], prompt.tokens, 3)
    else:
        blocks[0] = Surround(blocks[0], prompts[0].tokens, 0)
        blocks[1] = Surround(blocks[1], None, 3)
    with torch.no_grad():
        expected = feature(base(inputs()))
        torch.testing.assert_close(feature(adapted(inputs())), expected)


@pytest.mark.parametrize('kind', BUILDS)
def test_only_prompts_get_gradients(kind: str) -> None:
    build, inputs = BUILDS[kind]
    adapted = mmadapt.adapt(build(), {'type': 'VPT', 'num_tokens': 2})
    feature(adapted(inputs())).square().sum().backward()
    for name, parameter in adapted.named_parameters():
        trained = name.endswith('.prompt.tokens')
        assert parameter.requires_grad == trained, name
        assert (parameter.grad is not None) == trained, name


def test_the_first_draw_is_that_of_the_official_code() -> None:
    prompt = VPT(768, num_tokens=1)
    bound = math.sqrt(6 / (768 * 2))
    assert bound == pytest.approx(0.0625)
    assert 0.95 * bound < prompt.tokens.abs().max() <= bound


def test_dropout_acts_on_the_prompts_in_training_only() -> None:
    prompt = VPT(64, num_tokens=4, dropout=0.5)
    x = torch.ones(1, 2, 64)
    dropped = prompt.train()(x)
    assert torch.count_nonzero(dropped[:, :4]) < 4 * 64
    assert torch.equal(dropped[:, 4:], x)
    assert torch.equal(prompt.eval()(x)[:, :4], prompt.tokens)


def test_some_layers_alone() -> None:
    adapted = mmadapt.adapt(build_image_vit(), {'type': 'VPT', 'layers': [-1]})
    assert [name for name, p in adapted.named_parameters() if p.requires_grad] == [
        'layers.1.prompt.tokens'
    ]


def test_prompts_on_one_block_and_an_adapter_on_another() -> None:
    adapted = mmadapt.adapt(
        build_image_vit(),
        [{'type': 'VPT', 'layers': [0]}, {'bottleneck': 4, 'layers': [1]}],
    )
    assert hasattr(adapted.layers[0], 'prompt') and hasattr(
        adapted.layers[1], 'adapter'
    )


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'num_tokens': 0}, 'from 1 on'),
        ({'deep': 'yes'}, 'shallow'),
        ({'dropout': 1}, 'probability'),
        ({'tokens': 3}, "no option 'tokens'"),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], message: str) -> None:
    model = build_image_vit()
    with pytest.raises(ConfigError, match=message):
        mmadapt.adapt(model, {'type': 'VPT', **options})
    assert all(p.requires_grad for p in model.layers.parameters())


def test_windows_take_no_prompts() -> None:
    with pytest.raises(ConfigError, match='no adaptable block.*EncoderLayer'):
        mmadapt.adapt(build_image_swin(), {'type': 'VPT'})


def test_shallow_prompts_need_an_output_behind_them() -> None:
    model = build_image_vit(out_indices=[0, 1])
    with pytest.raises(ConfigError, match='out_indices'):
        mmadapt.adapt(model, {'type': 'VPT', 'deep': False})
    mmadapt.adapt(model, {'type': 'VPT', 'deep': True})
