"""What MMPretrain does with a trunk it does with an adapted one too."""

from __future__ import annotations

import copy
import pickle
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from mmpretrain.engine.optimizers import LearningRateDecayOptimWrapperConstructor
from torch import nn

import mmadapt
from mmadapt.adapt import adapter_prefixes
from tests.helpers import (
    build_image_swin,
    build_image_vit,
    build_video_swin,
    build_video_vit,
    feature,
    image_input,
    randomise,
    video_input,
)

BUILDS = {
    'vit': (build_image_vit, image_input),
    'swin': (build_image_swin, image_input),
    'videomae': (build_video_vit, video_input),
}


def adapted(build: Callable[..., nn.Module], **options: Any) -> nn.Module:
    torch.manual_seed(0)
    model = mmadapt.adapt(build(**options), {'bottleneck': 8, 'branch': 'both'})
    for name in adapter_prefixes(model):
        randomise(model.get_submodule(name), std=0.1)
    model.eval()
    return model


@pytest.mark.parametrize('build', [build_image_vit, build_image_swin])
def test_outputs_of_several_depths(build: Callable[..., nn.Module]) -> None:
    many = adapted(build, out_indices=(0, 1))
    last = adapted(build)
    last.load_state_dict(many.state_dict(), strict=False)
    with torch.no_grad():
        outputs = many(image_input())
        assert len(outputs) == 2
        assert torch.equal(feature(outputs), feature(last(image_input())))


@pytest.mark.parametrize('build', [build_image_vit, build_image_swin])
def test_every_output_is_the_base_models_at_the_start(
    build: Callable[..., nn.Module],
) -> None:
    torch.manual_seed(0)
    base = build(out_indices=(0, 1)).requires_grad_(False)
    base.eval()
    model = mmadapt.adapt(copy.deepcopy(base), {'bottleneck': 8, 'branch': 'both'})
    with torch.no_grad():
        outputs, expected = model(image_input()), base(image_input())
    assert len(outputs) == len(expected) == 2
    assert all(map(torch.equal, outputs, expected))


@pytest.mark.parametrize('build', [build_image_vit, build_image_swin, build_video_swin])
def test_frozen_stages_freeze_no_adapter(build: Callable[..., nn.Module]) -> None:
    """Upstream freezes them again whenever it is switched to training."""
    model = adapted(build, frozen_stages=1)
    model.train()
    example = video_input() if build is build_video_swin else image_input()
    feature(model(example)).square().mean().backward()
    adapters = [model.get_submodule(name) for name in adapter_prefixes(model)]
    assert adapters and all(adapter.training for adapter in adapters)
    learning = {id(p) for adapter in adapters for p in adapter.parameters()}
    for parameter in model.parameters():
        assert (parameter.grad is not None) == (id(parameter) in learning)


@pytest.mark.parametrize('kind', list(BUILDS))
def test_a_moving_average(kind: str) -> None:
    build, _ = BUILDS[kind]
    model = adapted(build)
    average = ExponentialMovingAverage(model, momentum=0.5)
    start = {name: p.detach().clone() for name, p in model.named_parameters()}
    average.update_parameters(model)  # the first update copies
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(1)
    average.update_parameters(model)
    for name, parameter in average.module.named_parameters():
        moved = 0.5 if model.get_parameter(name).requires_grad else 0.0
        torch.testing.assert_close(parameter, start[name] + moved)
        if not moved:
            assert torch.equal(parameter, start[name])


@pytest.mark.parametrize('kind', list(BUILDS))
def test_compiling_breaks_no_graph_that_was_whole(kind: str) -> None:
    """Upstream's breaks alone, each as often as in the unmodified trunk.

    Without gradients: with them the second block, whose input then carries one, is
    compiled a second time, and each of upstream's breaks counted again.
    """
    build, example = BUILDS[kind]
    base = build()
    base.eval()
    sites = []
    for model in (base, adapted(build)):
        torch._dynamo.reset()
        with torch.no_grad():
            reasons = torch._dynamo.explain(model)(example()).break_reasons
        stacks = [reason.user_stack[-1] for reason in reasons]
        sites.append(Counter((stack.filename, stack.lineno) for stack in stacks))
    assert sites[1] <= sites[0]


@pytest.mark.parametrize('kind', list(BUILDS))
def test_compiled_output(kind: str) -> None:
    build, example = BUILDS[kind]
    model = adapted(build)
    torch._dynamo.reset()
    compiled = torch.compile(model, backend='eager')
    with torch.no_grad():
        expected = feature(model(example()))
        torch.testing.assert_close(feature(compiled(example())), expected)


@pytest.mark.parametrize('kind', list(BUILDS))
def test_mixed_precision_stays_close_and_trains(kind: str) -> None:
    build, example = BUILDS[kind]
    model = adapted(build)
    with torch.no_grad():
        exact = feature(model(example()))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        mixed = feature(model(example()))
        mixed.float().square().mean().backward()
    torch.testing.assert_close(mixed.float(), exact, atol=0.1, rtol=0.1)
    for parameter in model.parameters():
        assert (parameter.grad is not None) == parameter.requires_grad
        if parameter.grad is not None:
            assert parameter.grad.dtype == torch.float32
            assert torch.isfinite(parameter.grad).all()


@pytest.mark.parametrize('kind', list(BUILDS))
def test_copies_and_pickles_of_whole_backbones(kind: str) -> None:
    build, example = BUILDS[kind]
    model = adapted(build)
    with torch.no_grad():
        expected = feature(model(example()))
        for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert torch.equal(feature(twin(example())), expected)


def same_block(name: str, adapter: str) -> bool:
    """Whether a parameter is upstream's own, of the block that an adapter stands in."""
    block = adapter.rpartition('.')[0]
    inside = name.startswith(f'{block}.')
    return inside and name.split('.')[len(block.split('.'))] not in (
        'adapter',
        'attn_adapter',
    )


@pytest.mark.parametrize(
    ('build', 'block', 'decay'),
    [
        (build_image_vit, 'layers.0.', 0.5**2),
        (build_image_vit, 'layers.1.', 0.5),
        (build_image_swin, 'stages.0.blocks.1.', 0.5**3),
        (build_image_swin, 'stages.1.blocks.1.', 0.5),
    ],
)
def test_layer_wise_decay(
    build: Callable[..., nn.Module], block: str, decay: float
) -> None:
    """An adapter gets the learning rate of the block that it stands in."""
    model = adapted(build)
    for name in adapter_prefixes(model):
        beside = next(n for n, _ in model.named_parameters() if same_block(n, name))
        depth = model.get_layer_depth(f'{name}.down.weight')
        assert depth == model.get_layer_depth(beside)
    constructor = LearningRateDecayOptimWrapperConstructor(
        {'optimizer': {'type': 'SGD', 'lr': 1.0, 'weight_decay': 0.0}},
        paramwise_cfg={'layer_decay_rate': 0.5},
    )
    wrapper = constructor(model)
    rates = {
        id(parameter): group['lr']
        for group in wrapper.optimizer.param_groups
        for parameter in group['params']
    }
    for name, parameter in model.named_parameters():
        if name.startswith(block) and parameter.requires_grad:
            assert rates[id(parameter)] == pytest.approx(decay), name
