"""Fixed statistics, for BatchNorm layers of any class."""

from __future__ import annotations

import copy
import io

import pytest
import torch
from torch import nn

from mmadapt.hosts.norm import FixedStatistics, fix_statistics, free_statistics
from mmadapt.norms import GhostBatchNorm1d


class Activated(nn.BatchNorm2d):
    """As timm's BatchNormAct2d: dropout and an activation inside."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.drop = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.drop(super().forward(x).relu())


NORMS = [
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.SyncBatchNorm,
    Activated,
    GhostBatchNorm1d,
]


@pytest.mark.parametrize('norm', NORMS)
def test_a_layer_stays_what_it_was_in_evaluation(norm: type[nn.Module]) -> None:
    layer = norm(3)
    axes = {nn.BatchNorm1d: 0, GhostBatchNorm1d: 0, nn.BatchNorm3d: 3}.get(norm, 2)
    x = torch.randn(4, 3, *[2] * axes)
    layer.running_mean.normal_()
    expected = layer.eval()(x)
    fix_statistics(layer.train())
    fix_statistics(layer)
    assert isinstance(layer, norm) and isinstance(layer, FixedStatistics)
    layer.train()
    for module in layer.children():
        assert module.training
        module.eval()
    assert torch.equal(layer(x), expected)
    free_statistics(layer)
    assert type(layer) is norm and layer.train().training


@pytest.mark.parametrize('way', ['deepcopy', 'file'])
@pytest.mark.parametrize('norm', NORMS)
def test_copies_stay_fixed(norm: type[nn.Module], way: str) -> None:
    model = nn.Sequential(nn.Conv2d(3, 3, 1), norm(3))
    model[1].running_mean.normal_()
    fix_statistics(model[1])
    if way == 'deepcopy':
        twin = copy.deepcopy(model)
    else:
        torch.save(model, file := io.BytesIO())
        twin = torch.load(io.BytesIO(file.getvalue()), weights_only=False)
    assert type(twin[1]) is type(model[1])
    assert not twin.train()[1].training and twin[0].training
    assert torch.equal(twin[1].running_mean, model[1].running_mean)
    twin[1].running_mean.add_(1)
    assert not torch.equal(twin[1].running_mean, model[1].running_mean)


def test_other_norms_are_left_alone() -> None:
    layer = nn.LayerNorm(3)
    fix_statistics(layer)
    free_statistics(layer)
    assert type(layer) is nn.LayerNorm and layer.train().training
