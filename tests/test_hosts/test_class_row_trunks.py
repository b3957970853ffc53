"""Every trunk that hands on its class token alone: its last block by rows."""

from __future__ import annotations

import copy
import pickle
from importlib.util import find_spec
from typing import Any

import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.models.backbones import VisionTransformer
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from mmadapt.adapt import adapt, adapter_prefixes
from mmadapt.errors import ConfigError
from mmadapt.hosts.class_row import ROW_ATTENTIONS, ROW_TRUNKS, set_class_row
from tests.helpers import image_input, randomise

ARCH = {'embed_dims': 48, 'num_layers': 2, 'num_heads': 4, 'feedforward_channels': 96}
VIT = {'arch': ARCH, 'img_size': 32, 'patch_size': 8, 'out_type': 'cls_token'}
T2T = {
    'img_size': 32,
    'embed_dims': 48,
    'num_layers': 2,
    't2t_cfg': {'token_dims': 16, 'use_performer': False},
    'layer_cfgs': {'num_heads': 4, 'feedforward_channels': 96},
}
ABSOLUTE = {'use_abs_pos_emb': True, 'use_rel_pos_bias': False}
SHARED = {'use_rel_pos_bias': False, 'use_shared_rel_pos_bias': True}

CASES: dict[str, dict[str, Any]] = {
    'VisionTransformer': {'type': 'VisionTransformer', **VIT},
    'DistilledVisionTransformer': {'type': 'DistilledVisionTransformer', **VIT},
    'DeiT3': {'type': 'DeiT3', **VIT},
    'BEiTViT': {'type': 'BEiTViT', **VIT},
    'BEiTViT, shared': {'type': 'BEiTViT', **VIT, **SHARED},
    'BEiTViT, absolute': {'type': 'BEiTViT', **VIT, **ABSOLUTE, 'bias': True},
    'ViTEVA02': {'type': 'ViTEVA02', **VIT, 'sub_ln': True},
    'ViTEVA02, no bias': {'type': 'ViTEVA02', **VIT, 'qkv_bias': False},
    'T2T_ViT': {'type': 'T2T_ViT', **T2T},
}
HUGGING = find_spec('transformers') is not None
if HUGGING:
    from transformers import Dinov2Model, ViTModel  # noqa: F401  (their hosts come)

    CONFIG = {
        'image_size': 32,
        'patch_size': 8,
        'hidden_size': 48,
        'num_hidden_layers': 2,
        'num_attention_heads': 4,
    }
    OUTSIDE = {'type': 'TransformersBackbone', 'config': CONFIG}
    CASES |= {
        'ViTModel': {**OUTSIDE, 'model': 'ViTModel'},
        'Dinov2Model': {**OUTSIDE, 'model': 'Dinov2Model'},
    }


@pytest.mark.skipif(not HUGGING, reason='transformers is not installed')
def test_every_registered_trunk_has_a_case() -> None:
    names = {name.split(',')[0] for name in CASES}
    assert names == {kind.__name__ for kind in ROW_TRUNKS}


def build(backbone: dict[str, Any], class_row: bool | None = None, **own: Any) -> Any:
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(
            {
                'type': 'AdaptedBackbone',
                'backbone': copy.deepcopy(backbone),
                'adapter': {'bottleneck': 8},
                'init_cfg': {'type': 'RandomTrunk', 'seed': 0},
                'class_row': class_row,
                **own,
            }
        )
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():  # tables of positions and layer scales start alike
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.add_(noise.to(parameter.dtype) * 0.1)
    for name in adapter_prefixes(model):
        randomise(model.get_submodule(name), std=0.1)
    model.train()  # upstream's gives None
    return model


def by_rows(model: nn.Module) -> list[nn.Module]:
    kinds = tuple(ROW_ATTENTIONS.values())
    return [module for module in model.modules() if isinstance(module, kinds)]


def run(model: nn.Module) -> tuple[list[Tensor], dict[str, Tensor]]:
    """Outputs of one step, and gradients, each by its largest number."""
    torch.manual_seed(3)
    outputs = tree_leaves(model(image_input()))
    loss = [(o * torch.linspace(-1, 1, o.numel()).view_as(o)).sum() for o in outputs]
    if outputs[0].requires_grad:
        sum(loss).backward()
    gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    # Zero but for rounding: softmax leaves the bias that all keys share out.
    large = {n: g for n, g in gradients.items() if g.abs().max() > 1e-5}
    return outputs, {name: g / g.abs().max() for name, g in large.items()}


def assert_same(model: nn.Module, whole: nn.Module) -> None:
    found, expected = run(model), run(whole)
    assert found[1].keys() == expected[1].keys()
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    'own',
    [
        {},
        {'adapter': {'branch': 'both', 'input': 'post_norm', 'layers': [-2, -1]}},
        {'adapter': None},
        {'adapter': None, 'trainable': 'all'},
        {'recompute': 'block'},
    ],
    ids=['adapters', 'both', 'probing', 'full', 'block'],
)
@pytest.mark.parametrize('name', list(CASES))
def test_rows_are_those_of_the_whole_block(name: str, own: dict[str, Any]) -> None:
    model, whole = build(CASES[name], **own), build(CASES[name], False, **own)
    assert len(by_rows(model)) == 1 and not by_rows(whole)
    assert model.state_dict().keys() == whole.state_dict().keys()
    assert_same(model, whole)


@pytest.mark.parametrize('name', list(CASES))
def test_fewer_rows_pass_the_last_mlp(name: str) -> None:
    seen = []
    model = build(CASES[name])
    [attention] = by_rows(model)
    attention.register_forward_hook(
        lambda _, inputs, output: seen.append(
            output[0] if isinstance(output, tuple) else output
        )
    )
    model(image_input())
    rows = 2 if name == 'DistilledVisionTransformer' else 1
    assert [tuple(x.shape) for x in seen] == [(2, rows, 48)]


@pytest.mark.parametrize('name', ['DistilledVisionTransformer', 'BEiTViT'])
def test_it_is_copied_pickled_compiled_and_stored(name: str) -> None:
    model, whole = build(CASES[name]), build(CASES[name], False)
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert_same(again, whole)
        whole.zero_grad()
    compiled = build(CASES[name], compile_blocks={'backend': 'eager'})
    assert_same(compiled, whole)
    half = [build(CASES[name], row, frozen_dtype='bfloat16') for row in (None, False)]
    torch.testing.assert_close(run(half[0])[0], run(half[1])[0], atol=0.05, rtol=0.05)


SWIN = {
    'embed_dims': 24,
    'depths': [1, 1, 1, 1],
    'num_heads': [1, 2, 4, 8],
}
OTHERS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({**CASES['DeiT3'], 'out_type': 'avg_featmap'}, {}, "out_type='avg_featmap'"),
    (
        {**CASES['BEiTViT'], 'out_type': 'raw', 'with_cls_token': False, **ABSOLUTE},
        {},
        "out_type='raw'",
    ),
    (
        {'type': 'SwinTransformer', 'arch': SWIN, 'img_size': 32},
        {},
        'not among the trunks',
    ),
    (CASES['DeiT3'], {'adapter': {'type': 'AdaptConv', 'bottleneck': 8}}, 'convolves'),
    (CASES['VisionTransformer'], {'adapter': {'type': 'VPT'}}, 'has prompts'),
]
if HUGGING:
    OTHERS.append(({**CASES['ViTModel'], 'pool': 'mean'}, {}, "pool='mean'"))


@pytest.mark.parametrize(('backbone', 'own', 'reason'), OTHERS)
def test_where_other_rows_are_read_true_is_refused(
    backbone: dict[str, Any], own: dict[str, Any], reason: str
) -> None:
    assert not by_rows(build(backbone, **own))
    with pytest.raises(ConfigError, match=f'class_row=True: .*{reason}'):
        build(backbone, True, **own)


def test_what_can_be_obeyed_is() -> None:
    assert by_rows(build(CASES['VisionTransformer'], True))
    with pytest.raises(ConfigError, match='class_row'):
        build(CASES['VisionTransformer'], 'yes')  # type: ignore[arg-type]


class Reads(VisionTransformer):
    def forward(self, x: Tensor) -> Any:
        return super().forward(x)


def test_a_trunk_with_a_forward_of_its_own_reads_what_it_likes() -> None:
    model = Reads(**VIT)
    assert not set_class_row(model)
    with pytest.raises(ConfigError, match='not among the trunks'):
        set_class_row(model, True)


def test_zero_is_false() -> None:
    assert not by_rows(build(CASES['VisionTransformer'], 0))  # type: ignore[arg-type]


def test_it_can_be_said_twice() -> None:
    model = build(CASES['VisionTransformer'], True)
    assert set_class_row(model, True)
    assert len(by_rows(model)) == 1


class Wrapped(nn.Module):
    """A linear layer with a low-rank sum, and the weight of what it wraps."""

    def __init__(self, inner: nn.Linear) -> None:
        super().__init__()
        self.inner = inner
        self.low = nn.Linear(inner.in_features, inner.out_features)

    @property
    def weight(self) -> Tensor:
        return self.inner.weight

    @property
    def bias(self) -> Tensor:
        return self.inner.bias

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) + self.low(x)


@pytest.mark.parametrize('name', ['VisionTransformer', 'DistilledVisionTransformer'])
def test_a_layer_that_somebody_wraps_is_called(name: str) -> None:
    models = [build(CASES[name], row) for row in (None, False)]
    for model in models:
        torch.manual_seed(5)
        model.layers[-1].attn.qkv = Wrapped(model.layers[-1].attn.qkv)
    assert_same(*models)
    assert models[0].layers[-1].attn.qkv.low.weight.grad.abs().max() > 0


def test_a_layer_that_somebody_listens_to_is_called() -> None:
    model, whole = build(CASES['ViTEVA02']), build(CASES['ViTEVA02'], False)
    heard = []
    model.layers[-1].attn.qkv.register_forward_hook(
        lambda _, inputs, output: heard.append(output.shape[1])
    )
    assert_same(model, whole)
    assert heard == [17]


def test_lora_of_mmpretrain_wraps_it() -> None:
    backbone = {'type': 'AdaptedBackbone', 'backbone': CASES['VisionTransformer']}
    lora = {'type': 'LoRAModel', 'alpha': 4, 'rank': 4, 'targets': [{'type': 'qkv'}]}
    found = []
    for row in (None, False):
        torch.manual_seed(0)
        own = {'adapter': None, 'init_cfg': {'type': 'RandomTrunk', 'seed': 0}}
        module = {**copy.deepcopy(backbone), **own, 'class_row': row}
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            model = MODELS.build({**lora, 'module': module})
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for parameter in model.parameters():
                noise = torch.randn(parameter.shape, generator=generator)
                parameter.add_(noise * 0.1)
        found.append(model(image_input())[0])
    torch.testing.assert_close(found[0], found[1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    'method', [{'type': 'VPT', 'num_tokens': 2}, {'bottleneck': 8}], ids=['VPT', 'MLP']
)
def test_adapting_it_afterwards_reaches_the_last_block(method: dict[str, Any]) -> None:
    models = [
        build(CASES['VisionTransformer'], row, adapter=None) for row in (None, False)
    ]
    for model in models:
        torch.manual_seed(5)
        adapt(model, method)
        for name in adapter_prefixes(model):
            randomise(model.get_submodule(name), std=0.1)
        model.train()
    assert adapter_prefixes(models[0]) == adapter_prefixes(models[1])
    assert len(by_rows(models[0])) == (0 if method.get('type') else 1)
    assert_same(*models)


def test_what_adapting_refuses_is_left_by_rows() -> None:
    model = build(CASES['DeiT3'], adapter=None)
    with pytest.raises(ConfigError):
        adapt(model, {'layers': [17]})
    assert len(by_rows(model)) == 1
