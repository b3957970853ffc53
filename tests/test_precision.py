"""Frozen weights in bfloat16: which, what they save, and where they run."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from mmaction.registry import MODELS as VIDEO_MODELS
from mmpretrain.registry import MODELS as IMAGE_MODELS
from torch import Tensor, nn

import mmadapt
from mmadapt.errors import ConfigError
from mmadapt.precision import stored
from tests.helpers import (
    build_image_vit,
    build_video_vit,
    feature,
    image_input,
    video_input,
)

WIDE = {'embed_dims': 96, 'num_layers': 2, 'num_heads': 4, 'feedforward_channels': 384}
IMAGE = {'type': 'AdaptFormerViT', 'arch': WIDE, 'img_size': 32, 'patch_size': 8}
SMALL = {'adapter': {'bottleneck': 2}, 'init_cfg': {'type': 'RandomTrunk', 'seed': 0}}


def adapted(build: Callable[[], nn.Module] = build_image_vit) -> nn.Module:
    return mmadapt.adapt(build(), {'bottleneck': 4})


def autocast() -> torch.autocast:
    return torch.autocast('cpu', dtype=torch.bfloat16)


def kept_bytes(model: nn.Module, x: Tensor) -> int:
    """Bytes that autograd keeps for the backward pass, the model's own left out."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    seen: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t), autocast():
        output = feature(model.train()(x))
        assert output.requires_grad
        return sum(seen.values())


def test_what_is_stored() -> None:
    model = adapted()
    mmadapt.store_frozen(model)
    for name, parameter in model.named_parameters():
        layer = model.get_submodule(name.rpartition('.')[0])
        product = isinstance(layer, nn.Linear | nn.Conv2d)
        operand = product and not parameter.requires_grad
        assert parameter.dtype == (torch.bfloat16 if operand else torch.float32), name
    for name in ('cls_token', 'pos_embed', 'ln1.weight', 'layers.0.adapter.up.weight'):
        assert model.get_parameter(name).dtype == torch.float32


def test_half_the_trunk_and_no_copies() -> None:
    config = {**IMAGE, **SMALL}
    plain = IMAGE_MODELS.build(config)
    halved = IMAGE_MODELS.build({**config, 'frozen_dtype': 'bfloat16'})
    sizes = [
        sum(p.nbytes for p in model.parameters() if not p.requires_grad)
        for model in (plain, halved)
    ]
    assert sizes[1] < 0.52 * sizes[0]
    x = image_input(1)
    copies = kept_bytes(plain, x) - kept_bytes(halved, x)
    # Of the block behind the first adapter; in front of it nothing is kept.
    weights = sum(p.nbytes for p in stored(halved.layers[1]) if p.dim() > 1)
    assert copies == weights


def test_the_fingerprint_is_of_the_float32_values() -> None:
    prints = [
        IMAGE_MODELS.build({**IMAGE, **SMALL, **more}).task_stamp.record.fingerprint
        for more in ({}, {'frozen_dtype': 'bfloat16'})
    ]
    assert prints[0] and prints[0] == prints[1]


@pytest.mark.parametrize(
    ('build', 'x'), [(build_image_vit, image_input), (build_video_vit, video_input)]
)
def test_it_evaluates_without_autocast(
    build: Callable[[], nn.Module], x: Callable[[], Tensor]
) -> None:
    model = adapted(build)
    model.eval()
    with torch.no_grad(), autocast():
        expected = feature(model(x())).float()
    mmadapt.store_frozen(model)
    with torch.no_grad():
        found = feature(model(x()))
        copied = feature(copy.deepcopy(model)(x()))
    assert found.dtype == torch.float32
    assert torch.equal(found, expected) and torch.equal(copied, expected)


def test_autocast_ends_with_the_forward_pass() -> None:
    model = adapted()
    mmadapt.store_frozen(model)
    with torch.no_grad(), pytest.raises(RuntimeError):
        model(torch.zeros(1, 5, 32, 32))  # five channels
    assert not torch.is_autocast_enabled('cpu')
    with torch.no_grad():
        model(image_input())
    assert not torch.is_autocast_enabled('cpu')
    with autocast():
        model(image_input())
        assert torch.is_autocast_enabled('cpu')


class Standardised(nn.Linear):
    """A layer that does more with its weight than a product."""


def test_weights_with_another_use_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Module()
    model.plain = nn.Linear(4, 4)
    model.own = Standardised(4, 4)
    model.table = nn.Embedding(4, 4)
    model.tied = nn.Linear(4, 4, bias=False)
    model.tied.weight = model.table.weight
    model.requires_grad_(False)
    model.trained = nn.Linear(4, 4)
    assert mmadapt.store_frozen(model) == 4 * 5 * 2
    assert {n for n, p in model.named_parameters() if p.dtype == torch.bfloat16} == {
        'plain.weight',
        'plain.bias',
    }


def test_what_is_refused() -> None:
    for registry in (IMAGE_MODELS, VIDEO_MODELS):
        build = {
            'type': 'AdaptedBackbone',
            'backbone': {'type': 'VisionTransformer'},
            'adapter': None,
        }
        with pytest.raises(ConfigError, match="allowed are 'bfloat16'"):
            registry.build({**build, 'frozen_dtype': 'float16'})
        with pytest.raises(ConfigError, match='nothing is frozen'):
            registry.build(
                {**build, 'frozen_dtype': 'bfloat16', 'trainable': 'all'},
            )
    with pytest.raises(ConfigError, match='no frozen linear layer'):
        mmadapt.store_frozen(nn.Linear(2, 2))


@pytest.mark.parametrize(
    'more',
    [{'recompute': 'mlp+qkv'}, {'recompute': 'block'}, {'fused_mlp': True}],
    ids=str,
)
def test_bits_stay_with_recomputation(more: dict[str, object]) -> None:
    gradients = []
    for dtype in (None, 'bfloat16'):
        torch.manual_seed(0)  # the adapters
        model = IMAGE_MODELS.build({**IMAGE, **SMALL, **more, 'frozen_dtype': dtype})
        with autocast():
            feature(model.train()(image_input())).float().square().sum().backward()
        gradients.append([p.grad for p in model.parameters() if p.requires_grad])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))
    assert any(gradient.any() for gradient in gradients[0])
