"""Adapted trunks of every family train in two processes as in one."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

import mmadapt
from tests.helpers import feature, randomise
from tests.host_cases import HOST_CASES, HostCase
from tests.processes import in_processes

from .contract import adapters_of, everywhere, stretched


def adapted(case: HostCase) -> nn.Module:
    torch.manual_seed(0)
    model = case.build()
    mmadapt.adapt(model, everywhere(case, model)[-1])
    for adapter in adapters_of(model):
        randomise(adapter)
    return model


def gradients(model: nn.Module, case: HostCase, part: int) -> dict[str, Tensor]:
    """What one process's share of a batch gives."""
    model.zero_grad()
    torch.manual_seed(part)  # the same stochastic depth in either
    feature(model(case.input() * (1 + part))).square().mean().backward()
    return {
        name.removeprefix('module.'): parameter.grad.clone()
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }


def compare(case: HostCase, rank: int) -> str:
    """The share of a process, averaged by torch, against both shares added up."""
    plain = adapted(case)
    first, second = (gradients(plain, case, part) for part in (0, 1))
    wrapped = DistributedDataParallel(adapted(case), broadcast_buffers=False)
    for _ in range(2):  # torch finds parameters without a gradient in the second pass
        together = gradients(wrapped, case, rank)
    assert together and set(together) == set(first), case.id
    for name, gradient in together.items():
        mean = (first[name] + second[name]) / 2
        torch.testing.assert_close(
            gradient, mean, rtol=1e-4, atol=1e-6, msg=f'{case.id} {name}'
        )
    return ''


def test_gradients_are_the_mean_of_both_processes(tmp_path: Path) -> None:
    cases = [stretched(case) for case in HOST_CASES]

    def task(rank: int) -> int:
        return sum(not compare(case, rank) for case in cases)

    assert in_processes(2, task, tmp_path) == [len(cases)] * 2
