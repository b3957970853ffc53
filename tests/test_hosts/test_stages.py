"""Stages that recompute whole blocks: only where something inside learns."""

from __future__ import annotations

import pytest
import torch
from mmpretrain.models.backbones.tinyvit import BasicStage

import mmadapt
from mmadapt.errors import ConfigError
from mmadapt.hosts.image.tinyvit import AdaptedBasicStage
from mmadapt.hosts.stages import AdaptedStage, register_stage
from tests.helpers import feature, image_input
from tests.host_cases.image_tinyvit import build


def test_stages_without_adapters_stay_upstreams() -> None:
    frozen = mmadapt.adapt(build(use_checkpoint=True), None)
    assert {type(stage) for stage in frozen.stages[1:]} == {BasicStage}
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
