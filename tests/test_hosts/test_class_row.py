"""The class token's row alone in the last block: the whole block's, to 1e-6."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from mmadapt.adapt import adapter_prefixes
from mmadapt.hosts.image.class_row import RowAttention
from tests.helpers import image_input, randomise

ARCH = {'embed_dims': 48, 'num_layers': 3, 'num_heads': 4, 'feedforward_channels': 96}


def build(**options: Any) -> nn.Module:
    torch.manual_seed(0)
    config = {
        'type': 'AdaptFormerViT',
        'arch': ARCH,
        'img_size': 32,
        'patch_size': 8,
        'adapter': {'bottleneck': 8},
        'init_cfg': {'type': 'RandomTrunk', 'seed': 0},
        **options,
    }
    model = MODELS.build(config)
    for name in adapter_prefixes(model):
        randomise(model.get_submodule(name), std=0.1)
    model.train()
    return model


def last_is_a_row(model: nn.Module) -> bool:
    return type(model.layers[-1].attn) is RowAttention


def gradients(model: nn.Module, outputs: Any) -> dict[str, torch.Tensor]:
    sum(
        (o * torch.linspace(-1, 1, o.numel()).view_as(o)).sum() for o in outputs
    ).backward()
    found = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    return {name: gradient / gradient.abs().max() for name, gradient in found.items()}


EXACT: dict[str, dict[str, Any]] = {
    'adapters': {},
    'without': {'adapter': None},
    'below alone': {'adapter': {'bottleneck': 8, 'layers': [0]}},
    'both branches': {'adapter': {'bottleneck': 8, 'branch': 'both'}},
    'post norm': {'adapter': {'bottleneck': 8, 'input': 'post_norm'}},
    'sequential': {'adapter': {'bottleneck': 8, 'mode': 'sequential'}},
    'full': {'adapter': None, 'trainable': 'all'},
    'no bias': {'qkv_bias': False},
    'layer scale': {'layer_scale_init_value': 0.5},
    'stochastic depth': {'drop_path_rate': 0.4},
    'several outputs': {'out_indices': [0, 2]},
    'recomputed': {'recompute': 'mlp+qkv'},
    'recomputed whole': {'recompute': 'block'},
}


@pytest.mark.parametrize('name', list(EXACT))
def test_outputs_and_gradients_are_those_of_all_rows(name: str) -> None:
    model = build(**EXACT[name])
    whole = build(**EXACT[name], class_row=False)
    assert last_is_a_row(model) and not last_is_a_row(whole)
    assert model.state_dict().keys() == whole.state_dict().keys()
    outputs = []
    for each in (model, whole):
        torch.manual_seed(3)
        outputs.append(each(image_input()))
    for found, expected in zip(*outputs, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    if name == 'without':
        return
    found, expected = gradients(model, outputs[0]), gradients(whole, outputs[1])
    # Rows that aren't read gave the keys and biases of the last block nothing.
    assert found.keys() == expected.keys()
    for parameter, gradient in expected.items():
        torch.testing.assert_close(found[parameter], gradient, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    'options',
    [
        {'out_type': 'avg_featmap'},
        {'out_type': 'featmap'},
        {'out_type': 'raw'},
        {'adapter': {'type': 'AdaptConv', 'bottleneck': 8}},
        {'adapter': {'type': 'VPT', 'num_tokens': 2}},
        {'layer_cfgs': {}, 'class_row': False},
    ],
)
def test_where_other_rows_are_read_they_are_computed(options: dict[str, Any]) -> None:
    assert not last_is_a_row(build(**options))


def test_a_convolution_below_the_last_block_is_no_hindrance() -> None:
    adapter = {'type': 'AdaptConv', 'bottleneck': 8, 'layers': [0, 1]}
    assert last_is_a_row(build(adapter=adapter))


def test_dropout_is_at_work_in_training() -> None:
    model = build(adapter={'bottleneck': 8, 'dropout': 0.5})
    twin = copy.deepcopy(model)
    twin.eval()
    with torch.no_grad():
        assert not torch.equal(model(image_input())[0], model(image_input())[0])
        assert torch.equal(twin(image_input())[0], twin(image_input())[0])
