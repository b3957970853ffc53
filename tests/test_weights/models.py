"""What the tests of weights load into, and how they compare it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmadapt import adapt

from ..helpers import build_image_vit


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(model: nn.Module, before: dict[str, Tensor]) -> bool:
    after = model.state_dict()
    return all(torch.equal(after[name], before[name]) for name in before)


def whole_model(classes: int) -> nn.Module:
    """The children of an ImageClassifier, by their names."""
    model = nn.Module()
    adapter = {'bottleneck': 8, 'scale': 'learnable', 'norm': 'in'}
    model.backbone = adapt(build_image_vit(), adapter)
    model.neck = nn.Module()
    model.neck.bn = nn.BatchNorm1d(48, affine=False)
    model.head = nn.Module()
    model.head.fc = nn.Linear(48, classes)
    return model
