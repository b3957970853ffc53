"""The contract of hosts: weights stored in bfloat16 change no bit under autocast."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

import mmadapt
from mmadapt.precision import stored
from tests.helpers import feature, randomise
from tests.host_cases import HostCase

from .contract import ADAPTER, adapters_of


def step(model: nn.Module, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Output and gradients of one training step under autocast."""
    model.train()
    torch.manual_seed(0)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        output = feature(model(x))
    output.float().square().sum().backward()
    named = model.named_parameters()
    return output.detach(), {n: p.grad for n, p in named if p.grad is not None}


@torch.no_grad()
def evaluated(model: nn.Module, x: Tensor) -> Tensor:
    model.eval()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        return feature(model(x))


def attends_by_torch(model: nn.Module) -> bool:
    """Whether blocks have torch's attention, whose weights stay in float32."""
    return any(isinstance(m, nn.MultiheadAttention) for m in model.modules())


def test_stored_weights_change_no_bit(case: HostCase) -> None:
    plain = mmadapt.adapt(case.build(), ADAPTER)
    for adapter in adapters_of(plain):
        randomise(adapter, 0.1)
    halved = copy.deepcopy(plain)
    mmadapt.store_frozen(halved)
    weights = [p for p in halved.parameters() if not p.requires_grad]
    share = sum(p.numel() for p in stored(halved)) / sum(p.numel() for p in weights)
    assert share > (0.5 if attends_by_torch(halved) else 0.85)
    expected, gradients = step(plain, case.input())
    output, found = step(halved, case.input())
    assert output.dtype == expected.dtype and torch.equal(output, expected)
    assert found.keys() == gradients.keys()
    for name, gradient in gradients.items():
        assert torch.equal(found[name], gradient), name
    x = case.input()
    assert torch.equal(evaluated(halved, x), evaluated(plain, x))
