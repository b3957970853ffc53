"""What the contract tests of every registered host have in common.

A host without a case fails collection.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from mmadapt.adapt import adapter_prefixes
from mmadapt.adapters import Adapter
from mmadapt.hosts import HOSTS
from mmadapt.placement import find_hosts
from tests.host_cases import HOST_CASES, HostCase

if missing := set(HOSTS) ^ {case.block for case in HOST_CASES}:
    raise LookupError(f'hosts and tests/host_cases differ in: {missing}')

ADAPTER = {'bottleneck': 8}


def stretched(case: HostCase) -> HostCase:
    """The case, in whose backbone no two norms or layer scales are alike."""
    return replace(case, build=lambda **options: unlike(case.build(**options)))


def having(feature: str) -> list[HostCase]:
    """The cases whose backbones have an optional feature."""
    return [stretched(case) for case in HOST_CASES if getattr(case, feature)]


def unlike(model: nn.Module) -> nn.Module:
    """Stretch every parameter a little: many start as ones. Zeros stay."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.rand(parameter.shape, generator=generator)
            parameter.mul_(0.75 + 0.5 * noise)
    return model


def adapters_of(model: nn.Module) -> list[Adapter]:
    return [module for module in model.modules() if isinstance(module, Adapter)]


def evaluated(model: nn.Module) -> nn.Module:
    """``model.eval()``, whose upstream form may return None."""
    model.eval()
    return model


def own(case: HostCase, model: nn.Module, branch: str = 'mlp') -> dict[str, Any]:
    """Adapters on the blocks of the case's class alone."""
    layers = [
        index
        for index, (_, block) in enumerate(find_hosts(model))
        if type(block) is case.block
    ]
    if branch != 'mlp' and case.attn_layers is not None:
        layers = case.attn_layers
    return {**ADAPTER, 'branch': branch, 'layers': layers}


def everywhere(case: HostCase, model: nn.Module) -> list[dict[str, Any]]:
    """Adapters beside all MLPs; and beside all branches of the case's blocks."""
    if 'attn' not in HOSTS[case.block].branches:
        return [ADAPTER]
    return [ADAPTER, own(case, model, 'both')]


def hosts_of(model: nn.Module) -> list[nn.Module]:
    names = dict.fromkeys(n.rpartition('.')[0] for n in adapter_prefixes(model))
    return [model.get_submodule(name) for name in names]


def host_of(model: nn.Module, case: HostCase) -> tuple[str, nn.Module]:
    """Name and module of the first promoted block of the case's class."""
    return next(
        (name, module)
        for name, module in model.named_modules()
        if type(module) is HOSTS[case.block]
    )


def run(adapter: Adapter, x: Tensor, case: HostCase) -> Tensor:
    """The branch alone, along the block's channels."""
    return adapter(x.movedim(case.channel_dim, -1)).movedim(-1, case.channel_dim)


class Tap:
    """What a norm in front of a branch reads (pre_norm) and gives (post_norm).

    A norm that serves both branches is called twice: the attention's call is the
    first, the MLP's the last.
    """

    def __init__(self, module: nn.Module, call: int) -> None:
        self.call = call
        self.calls: list[dict[str, Tensor]] = []
        module.register_forward_hook(self.keep)

    def keep(self, _: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> None:
        self.calls.append({'pre_norm': args[0].clone(), 'post_norm': out})

    def __getitem__(self, source: str) -> Tensor:
        return self.calls[self.call][source]


def tap_mlp(block: nn.Module, case: HostCase) -> Tap:
    return Tap(block.get_submodule(case.norm), -1)


def skip_of(case: HostCase, inputs: tuple[Any, ...], x: Tensor) -> Tensor:
    """The stream that the MLP is added to."""
    return x if case.skip is None else case.skip(*inputs)


def grab(block: nn.Module) -> list[Any]:
    """The positional and keyword inputs of a block's first call."""
    seen: list[Any] = []

    def keep(_: nn.Module, args: Any, kwargs: Any) -> None:
        if not seen:
            seen.extend([copy.deepcopy(args), copy.deepcopy(kwargs)])

    block.register_forward_pre_hook(keep, with_kwargs=True)
    return seen
