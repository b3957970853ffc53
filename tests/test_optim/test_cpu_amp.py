"""bfloat16 on a CPU."""

from __future__ import annotations

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmadapt.optim import BFloat16OptimWrapper, CpuAmpOptimWrapper


@pytest.mark.parametrize('kind', [BFloat16OptimWrapper, CpuAmpOptimWrapper])
def test_forward_in_bfloat16_step_in_float32(kind: type[OptimWrapper]) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(8, 8)
    before = layer.weight.detach().clone()
    wrapper = kind(torch.optim.SGD(layer.parameters(), lr=0.1))
    with wrapper.optim_context(layer):
        output = layer(torch.randn(4, 8))
    assert output.dtype == torch.bfloat16
    wrapper.update_params(output.float().square().mean())
    assert layer.weight.dtype == torch.float32
    assert not torch.equal(layer.weight, before)
    assert layer(torch.randn(4, 8)).dtype == torch.float32


def test_gradients_accumulate_as_in_the_plain_wrapper() -> None:
    layer = nn.Linear(2, 1, bias=False)
    before = layer.weight.detach().clone()
    wrapper = CpuAmpOptimWrapper(
        torch.optim.SGD(layer.parameters(), lr=1.0), accumulative_counts=2
    )
    x = torch.ones(1, 2)
    for step in range(2):
        with wrapper.optim_context(layer):
            loss = layer(x).float().sum()
        wrapper.update_params(loss)
        assert torch.equal(layer.weight, before) is (step == 0)
    # The mean of two gradients of ones.
    torch.testing.assert_close(layer.weight, before - 1.0)
