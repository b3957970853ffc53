"""One training step of a tiny backbone: outputs, gradients, bytes kept."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import mmadapt
from mmadapt.adapt import adapter_prefixes
from mmadapt.backbones.recompute import set_recompute
from tests.helpers import (
    build_image_vit,
    build_video_vit,
    feature,
    image_input,
    randomise,
    video_input,
)

SIDES = {
    'image': (build_image_vit, image_input),
    'video': (build_video_vit, video_input),
}


@dataclass
class Step:
    """What a step gives."""

    output: Tensor
    gradients: dict[str, Tensor]
    kept: int


def adapted(
    side: str, adapter: Any, trainable: Any = (), **options: Any
) -> tuple[nn.Module, Tensor]:
    """A backbone with random adapters, in training mode, and its input."""
    build, example = SIDES[side]
    torch.manual_seed(0)
    model = mmadapt.adapt(build(**options), adapter, trainable)
    for name in adapter_prefixes(model):
        randomise(model.get_submodule(name), std=0.1)
    model.train()  # upstream's gives None
    return model, example()


def tiered(model: nn.Module, tier: str, fused: bool = False) -> nn.Module:
    """A copy that computes parts of its blocks a second time."""
    return set_recompute(copy.deepcopy(model), tier, fused)


def step(model: nn.Module, x: Tensor) -> Step:
    """Forward and backward pass from the same random numbers each time."""
    torch.manual_seed(1)
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}
    alive = []

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    model.zero_grad()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = feature(model(x))
    weights = torch.linspace(-1, 1, output.numel()).view_as(output)
    (output * weights).sum().backward()
    gradients = {
        name: parameter.grad.clone()
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }
    return Step(output.detach(), gradients, sum(kept.values()))


def assert_equal(found: Step, expected: Step, exact: bool = False) -> None:
    """Outputs and gradients are those expected, to the bit or to 1e-5."""
    tolerance = {'atol': 0, 'rtol': 0} if exact else {'atol': 1e-5, 'rtol': 1e-5}
    torch.testing.assert_close(found.output, expected.output, **tolerance)
    assert found.gradients.keys() == expected.gradients.keys()
    for name, gradient in expected.gradients.items():
        scale = 1 if exact else gradient.abs().max()
        torch.testing.assert_close(
            found.gradients[name] / scale, gradient / scale, **tolerance
        )
