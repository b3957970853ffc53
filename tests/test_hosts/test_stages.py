"""Upstream's checkpoints: what trains inside of them gets its gradients."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from mmpretrain.models.backbones.tinyvit import BasicStage, ConvStage
from torch import nn
from torch.utils.checkpoint import checkpoint

import mmadapt
from mmadapt.errors import ConfigError
from mmadapt.hosts.image.tinyvit import AdaptedBasicStage
from mmadapt.hosts.stages import AdaptedStage, register_stage
from tests.helpers import feature, image_input
from tests.host_cases import image_davit, image_mixmim, image_tinyvit, video_swin
from tests.host_cases.image_tinyvit import build

CHECKPOINTED = [
    (image_tinyvit, 'use_checkpoint', 'stages.2', None),
    (image_tinyvit, 'use_checkpoint', 'stages.0', None),
    (image_tinyvit, 'use_checkpoint', 'stages.0', {'bottleneck': 4, 'layers': [-1]}),
    (image_davit, 'with_cp', 'stages.0', {'bottleneck': 4, 'layers': [-1]}),
    (image_mixmim, 'use_checkpoint', 'layers.0', None),
    (video_swin, 'with_cp', 'layers.1', None),
]
"""Family, option, what trains, adapters. Behind none of these stems is a gradient."""


def test_stages_without_adapters_stay_upstreams() -> None:
    frozen = mmadapt.adapt(build(use_checkpoint=True), None)
    assert {type(stage) for stage in frozen.stages} == {ConvStage, BasicStage}
    adapted = mmadapt.adapt(build(), {'bottleneck': 8})
    assert {type(stage) for stage in adapted.stages[1:]} == {AdaptedBasicStage}


def test_blocks_are_computed_again_in_training_only() -> None:
    adapted = mmadapt.adapt(build(use_checkpoint=True), {'bottleneck': 8})
    block = adapted.stages[1].blocks[0]
    calls: list[bool] = []
    block.register_forward_pre_hook(lambda *_: calls.append(torch.is_grad_enabled()))
    adapted.eval()
    with torch.no_grad():
        adapted(image_input())
    assert calls == [False]
    adapted.train()
    feature(adapted(image_input())).sum().backward()
    assert calls == [False, True, True]


def test_a_stage_overrides_forward_only() -> None:
    class Unrelated(AdaptedStage):
        pass

    class WithInit(AdaptedStage, BasicStage):
        def __init__(self) -> None:
            pass

    for wrong in (Unrelated, WithInit):
        with pytest.raises(ConfigError, match='override forward only'):
            register_stage(BasicStage)(wrong)


@pytest.mark.parametrize(('family', 'option', 'prefix', 'adapter'), CHECKPOINTED)
def test_trainable_prefixes_learn_inside_checkpoints(
    family: Any, option: str, prefix: str, adapter: dict[str, Any] | None
) -> None:
    """The same gradients as without checkpoints, after a copy too."""
    base = family.build().requires_grad_(False)
    gradients = []
    for switched in ({}, {option: True}):
        model = family.build(**switched)
        model.load_state_dict(base.state_dict(), strict=False)
        torch.manual_seed(0)
        model = mmadapt.adapt(model, adapter, trainable=[prefix])
        mmadapt.freeze(model, trainable=[prefix])
        model = copy.deepcopy(model)
        model.train()
        torch.manual_seed(0)
        feature(model(family.CASES[0].input())).square().sum().backward()
        trained = {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
        assert any(name.startswith(prefix) for name in trained)
        gradients.append(trained)
        assert all(p.grad is None for p in model.parameters() if not p.requires_grad)
    plain, recomputed = gradients
    assert plain.keys() == recomputed.keys()
    for name, gradient in plain.items():
        assert (gradient is None) == (recomputed[name] is None), name
        if gradient is not None:
            torch.testing.assert_close(gradient, recomputed[name])


def test_the_hook_stays_out_of_inference_and_survives_pickle() -> None:
    model = nn.Sequential(nn.Conv2d(3, 3, 1), Recomputed())
    mmadapt.freeze(model, trainable=['1'])
    mmadapt.freeze(model, trainable=['1'])
    assert len(model[1]._forward_pre_hooks) == 1
    model = pickle.loads(pickle.dumps(model))
    with torch.no_grad():
        assert not model(image_input()).requires_grad
    model.eval()
    model[1](torch.ones(1, 3, 1, 1))
    assert not model[1].seen
    model.train()(image_input()).sum().backward()
    assert model[1].seen and model[1].inner.weight.grad.abs().sum() > 0


class Recomputed(nn.Module):
    """As upstream's: re-entrant, without another form here."""

    def __init__(self) -> None:
        super().__init__()
        self.with_cp = True
        self.inner = nn.Conv2d(3, 3, 1)
        self.seen = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen = x.requires_grad
        return checkpoint(self.inner, x, use_reentrant=True)


def test_a_stage_keeps_the_form_it_has() -> None:
    class Stage(torch.nn.Module): ...

    class First(AdaptedStage, Stage): ...

    class Second(AdaptedStage, Stage): ...

    assert register_stage(Stage)(First) is First
    assert register_stage(Stage)(First) is First
    with pytest.raises(ConfigError, match='registered already: First'):
        register_stage(Stage)(Second)
