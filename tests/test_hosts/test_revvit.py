"""RevViT: autograd in the place of upstream's own backward pass, and its dice."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from mmpretrain.models.backbones.revvit import RevTransformerEncoderLayer

import mmadapt
from mmadapt.adapt import adapter_prefixes
from mmadapt.adapters import Adapter
from mmadapt.backbones.recompute import set_recompute
from mmadapt.hosts.image.revvit import AdaptedRevLayer
from tests.helpers import feature, image_input, randomise
from tests.host_cases.image_revvit import build


def still(layer: RevTransformerEncoderLayer, key: str) -> None:
    """Upstream's ``seed_cuda`` with a seed that doesn't change."""
    layer.seeds[key] = len(key)
    torch.manual_seed(len(key))


def test_upstreams_backward_pass_is_off_where_it_would_be_wrong() -> None:
    adapted = mmadapt.adapt(build(), {'bottleneck': 4})
    assert adapted.no_custom_backward is True
    assert mmadapt.adapt(build(), None, trainable=['layers.1']).no_custom_backward
    assert mmadapt.adapt(build(), None).no_custom_backward is False  # nothing learns
    assert mmadapt.adapt(build(), None, trainable='all').no_custom_backward is False


def test_a_prefix_learns_behind_the_frozen_stem() -> None:
    model = mmadapt.adapt(build(), None, trainable=['layers.1'])
    model.train()
    feature(model(image_input())).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) is name.startswith('layers.1.'), name


@pytest.mark.parametrize('rate', [0.0, 0.5])
def test_training_drops_what_upstream_drops(
    rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    for layer in (RevTransformerEncoderLayer, AdaptedRevLayer):
        monkeypatch.setattr(layer, 'seed_cuda', still)
    base = build(drop_path_rate=rate, drop_rate=0.1, no_custom_backward=True)
    base.requires_grad_(False)
    adapter = {'bottleneck': 4, 'branch': 'both'}
    adapted = mmadapt.adapt(copy.deepcopy(base), adapter)
    outputs = []
    for model in (base, adapted):
        model.train()
        torch.manual_seed(0)
        with torch.no_grad():
            outputs.append(feature(model(image_input(batch=8))))
    assert torch.equal(*outputs)
    for module in adapted.modules():
        if isinstance(module, Adapter):
            randomise(module)
    torch.manual_seed(0)
    assert not torch.equal(feature(adapted(image_input(batch=8))), outputs[0])


def gradients(recompute: str) -> dict[str, torch.Tensor]:
    """Of a seeded step with half of all branches dropped."""
    torch.manual_seed(3)
    model = mmadapt.adapt(build(drop_path_rate=0.5, drop_rate=0.1), {'bottleneck': 4})
    for module in model.modules():
        if isinstance(module, Adapter):
            randomise(module)
    set_recompute(model, recompute)
    model.train()
    feature(model(image_input(batch=8))).square().sum().backward()
    return {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


def test_a_seeded_step_repeats_itself_and_so_does_a_block_computed_again() -> None:
    """Upstream seeds its dice from the clock, at each call."""
    plain, again, recomputed = map(gradients, ('none', 'none', 'block'))
    assert plain
    for name, gradient in plain.items():
        assert torch.equal(again[name], gradient), name
        torch.testing.assert_close(recomputed[name], gradient, msg=name)


def test_each_layer_throws_dice_of_its_own() -> None:
    model = mmadapt.adapt(build(drop_path_rate=0.5), {'bottleneck': 4})
    model.train()
    torch.manual_seed(0)
    feature(model(image_input(batch=8)))
    seeds = [seed for layer in model.layers for seed in layer.drawn.values()]
    assert len(set(seeds)) == len(seeds) == 5 * len(model.layers)
    after = torch.rand(3)
    torch.manual_seed(0)
    again = [torch.randint(2**62, (5,)).tolist() for _ in model.layers]
    assert sum(again, []) == seeds
    assert torch.equal(torch.rand(3), after), 'the stream goes on where it was'


@pytest.mark.parametrize('adapter', [{'bottleneck': 4, 'layers': [1]}, None])
def test_layers_without_an_adapter_keep_off_the_clock(
    adapter: dict[str, Any] | None,
) -> None:
    model = mmadapt.adapt(build(drop_path_rate=0.5, drop_rate=0.1), adapter)
    outputs = []
    for _ in range(2):
        torch.manual_seed(0)
        model.train()
        outputs.append(feature(model(image_input(batch=8))))
    assert torch.equal(*outputs)
    state = torch.get_rng_state()
    model.eval()
    model(image_input(batch=8))
    assert torch.equal(torch.get_rng_state(), state)


def test_full_fine_tuning_keeps_off_the_clock_with_upstreams_backward_pass() -> None:
    """Its gradients are those of autograd, and repeat themselves."""
    found: list[dict[str, torch.Tensor]] = []
    for own in (True, True, False):
        torch.manual_seed(0)
        model = mmadapt.adapt(build(drop_path_rate=0.5, drop_rate=0.1), None, 'all')
        assert model.no_custom_backward is False
        model.no_custom_backward = not own
        model.train()
        torch.manual_seed(1)
        out = feature(model(image_input(batch=8)))
        after = torch.get_rng_state()
        out.square().sum().backward()
        assert torch.equal(torch.get_rng_state(), after)
        found.append({n: p.grad.clone() for n, p in model.named_parameters()})
    first, again, by_autograd = found
    for name, gradient in first.items():
        assert torch.equal(again[name], gradient), name
        torch.testing.assert_close(
            gradient, by_autograd[name], rtol=1e-4, atol=1e-5, msg=name
        )


def test_it_is_adapted_behind_linear_probing() -> None:
    model = mmadapt.adapt(
        mmadapt.adapt(build(), None), {'bottleneck': 4, 'layers': [1]}
    )
    assert adapter_prefixes(model) == ['layers.1.adapter']
    assert {type(layer) for layer in model.layers} == {AdaptedRevLayer}


def test_evaluation_drops_nothing() -> None:
    """Upstream's own drops branches there."""
    plain = mmadapt.adapt(build(), {'bottleneck': 4})
    deep = mmadapt.adapt(build(drop_path_rate=0.5), {'bottleneck': 4})
    deep.load_state_dict(plain.state_dict())
    outputs = []
    for model in (plain, deep):
        model.eval()
        outputs.append(feature(model(image_input(batch=8))))
    assert torch.equal(*outputs)


def test_two_adapters_of_a_layer_drop_apart() -> None:
    options = {'bottleneck': 4, 'branch': 'both', 'dropout': 0.5, 'init': 'normal'}
    model = mmadapt.adapt(build(), options)
    model.train()
    dropped: list[torch.Tensor] = []
    for name in ('attn_adapter', 'adapter'):
        adapter = getattr(model.layers[0], name)
        torch.nn.init.constant_(adapter.down.bias, 9.0)  # ReLU drops nothing
        adapter.up.register_forward_pre_hook(
            lambda _, args: dropped.append(args[0] == 0)
        )
    model(image_input(batch=8))
    assert len(dropped) == 2
    assert not torch.equal(*dropped)


def test_it_can_be_exported() -> None:
    model = mmadapt.adapt(build(drop_path_rate=0.5), {'bottleneck': 4})
    model.eval()
    x = image_input()
    assert torch.export.export(model, (x,), strict=False) is not None
