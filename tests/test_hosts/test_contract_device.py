"""The contract of hosts: everything is computed where the weights and the input are."""

from __future__ import annotations

import pytest
import torch
from mmpretrain.models.backbones.revvit import RevTransformerEncoderLayer
from torch import Tensor, nn

import mmadapt
from mmadapt.backbones.recompute import set_recompute
from mmadapt.recompute import TIERS
from mmadapt.recompute.fused import Frozen, _FusedMLP
from mmadapt.registry import ADAPTERS
from tests.fake_gpu import GPU, MODE, run_there, there
from tests.helpers import (
    build_image_vit,
    build_video_vit,
    feature,
    image_input,
    video_input,
)
from tests.host_cases import HostCase

from .contract import everywhere


def run(model: nn.Module, x: Tensor, training: bool) -> Tensor:
    return feature(run_there(model, training, there(x)))


def test_an_operation_on_two_devices_is_an_error() -> None:
    class Apart(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + torch.zeros(x.shape)

    with pytest.raises(RuntimeError, match='two devices'):
        run(Apart(), torch.zeros(2), training=False)


@pytest.mark.parametrize('training', [True, False])
def test_every_host(case: HostCase, training: bool) -> None:
    if case.block is RevTransformerEncoderLayer:
        training = False  # else it draws seeds, which are numbers
    for adapter in everywhere(case, case.build()):
        model = mmadapt.adapt(case.build(), adapter)
        assert run(model, case.input(), training).device.type == GPU


SIDES = {
    'image': (build_image_vit, image_input),
    'video': (build_video_vit, video_input),
}


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('fused', [True, False])
@pytest.mark.parametrize('tier', TIERS)
def test_every_tier(side: str, fused: bool, tier: str) -> None:
    build, x = SIDES[side]
    model = mmadapt.adapt(build(), {'bottleneck': 8})
    set_recompute(model, tier, fused)
    assert run(model, x(), training=True).device.type == GPU


@pytest.mark.parametrize('side', list(SIDES))
@pytest.mark.parametrize('adapter', list(ADAPTERS.module_dict))
def test_every_adapter(side: str, adapter: str) -> None:
    build, x = SIDES[side]
    model = mmadapt.adapt(build(), {'type': adapter})
    assert run(model, x(), training=True).device.type == GPU


@pytest.mark.parametrize('kept', [True, False])
def test_the_functions_own_backward_pass(kept: bool) -> None:
    norm, first, second = nn.LayerNorm(8), nn.Linear(8, 32), nn.Linear(32, 8)
    down, up = nn.Linear(8, 4), nn.Linear(4, 8)
    for module in (norm, first, second):
        for name, weight in list(module.named_parameters()):
            delattr(module, name)
            setattr(module, name, there(weight))
    learnt = [there(p) for p in (*down.parameters(), *up.parameters())]
    context = Context()
    x = there(torch.zeros(2, 3, 8))
    with MODE:
        options = (kept, 0.1, 0.5)
        y = _FusedMLP.forward(context, x, Frozen(norm, first, second), options, *learnt)
        assert (context.saved_tensors[1] is not None) is kept
        given = [g for g in _FusedMLP.backward(context, y) if g is not None]
    assert [g.shape for g in given] == [x.shape, *(p.shape for p in learnt)]
    assert {g.device.type for g in given} == {GPU}


class Context:
    """What autograd hands from the one pass to the other, where all is asked for."""

    needs_input_grad = (True,)

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        self.saved_tensors = tensors
