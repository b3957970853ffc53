"""From an adapter config to the blocks and branches it means, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from .adapters import Adapter, Method, Prompt
from .errors import ConfigError, class_name
from .hosts import HOSTS, PROMPT_HOSTS, AdapterHost, find_grid
from .hosts.absent import no_host
from .layers import find_stages, select_layers
from .request import AdapterConfig, Request, parse_all

__all__ = ['AdapterConfig', 'Placement', 'find_hosts', 'function_options', 'plan']

Hosts = Mapping[type[nn.Module], type[nn.Module]]


@dataclass(frozen=True)
class Placement:
    """One module to be added to one block, and the class that the block becomes."""

    name: str
    block: nn.Module
    host: type[nn.Module]
    child: str
    module: Method


def plan(
    model: nn.Module, adapter: AdapterConfig | Sequence[AdapterConfig] | None
) -> list[Placement]:
    """Which branch goes where; the model is not touched.

    Args:
        model: The module whose blocks are meant.
        adapter: One config, several, or None.

    Raises:
        ConfigError: See :func:`mmadapt.adapt`.
    """
    placements: dict[tuple[str, str], Placement] = {}
    kinds: dict[str, type[nn.Module]] = {}
    for request in parse_all(adapter):
        for placement in place(model, request):
            name, host = placement.name, placement.host
            taken = (name, placement.child) in placements
            if taken or kinds.setdefault(name, host) is not host:
                raise ConfigError(
                    f'{name} is given two adapters; each branch of a block takes one, '
                    'and a block with prompts none. Make the layers of the list '
                    'distinct.'
                )
            placements[name, placement.child] = placement
    return list(placements.values())


def place(model: nn.Module, request: Request) -> list[Placement]:
    """What one adapter config adds, and where.

    Raises:
        ConfigError: See :func:`mmadapt.adapt`.
    """
    table = hosts_for(request.method)
    hosts = find_hosts(model, table)
    if not hosts:
        raise ConfigError(no_host(model, table))
    stages = stages_of(hosts, table)
    indices = select_layers(request.layers, stages, type(model).__name__)
    options = request.spread(stages)
    chosen = {stages[index] for index in indices}
    for stage in set(stages) - chosen if request.listed else ():
        index = stages.index(stage)
        width = table[type(hosts[index][1])].width(hosts[index][1])  # type: ignore[attr-defined]
        with torch.device('meta'):  # for its checks alone: no dice are rolled
            request.method.stack([width], [options[index]])
    placements = []
    for branch in request.branches:
        widths = [
            branch_width(table[type(hosts[index][1])], hosts[index], branch)
            for index in indices
        ]
        stack = request.method.stack(widths, [options[index] for index in indices])
        check_outputs(model, [hosts[index][0] for index in indices], stack)
        for index, module in zip(indices, stack, strict=True):
            if module is None:
                continue
            name, block = hosts[index]
            host = table[type(block)]
            child = f'attn_{module.child}' if branch == 'attn' else module.child
            check_input(hosts[index], host, module)
            if hasattr(block, child):
                raise ConfigError(
                    f'{name} ({class_name(type(block))}) has a {child!r} of its own, '
                    'which the adapter would replace. Rename it in the block.'
                )
            if module.needs_grid:
                setattr(module, 'grid', find_grid(model, name))  # noqa: B010 - typed there
            like = example(block, model)
            if like is not None:
                module = module.to(device=like.device, dtype=like.dtype)
            placements.append(Placement(name, block, host, child, module))
    return placements


def hosts_for(method: type[Method]) -> Hosts:
    """The table of hosts that a method needs."""
    return PROMPT_HOSTS if issubclass(method, Prompt) else HOSTS


def find_hosts(model: nn.Module, table: Hosts = HOSTS) -> list[tuple[str, nn.Module]]:
    """Names and modules of the adaptable blocks, in forward order."""
    return [
        (name, module)
        for name, module in model.named_modules()
        if type(module) in table and fits(table[type(module)], module)
    ]


def fits(host: type[nn.Module], block: nn.Module) -> bool:
    """Whether a block of a host's class is one that the host is for."""
    return not issubclass(host, AdapterHost) or host.fits(block)


def stages_of(hosts: Sequence[tuple[str, nn.Module]], table: Hosts) -> list[int]:
    """The stage of each adaptable block."""
    return find_stages([table[type(block)].width(block) for _, block in hosts])  # type: ignore[attr-defined]


def example(*modules: nn.Module) -> nn.Parameter | None:
    """The first parameter of the first module with one: its device, its precision."""
    return next(
        (p for m in modules for p in m.parameters() if p.is_floating_point()), None
    )


def branch_width(
    host: type[nn.Module], named: tuple[str, nn.Module], branch: str
) -> int:
    """Width of the residual stream that a branch of a block is added to.

    Raises:
        ConfigError: An adapter can't stand beside that branch.
    """
    name, block = named
    if not issubclass(host, AdapterHost):
        return int(host.width(block))  # type: ignore[attr-defined]
    branches = host.branches_of(block)
    if branch not in branches:
        raise ConfigError(
            f'branch={branch!r}: {name} ({class_name(type(block))}) takes adapters '
            f'beside {" and ".join(branches)} only. Choose other blocks by `layers`.'
        )
    return int(host.attn_width(block) if branch == 'attn' else host.width(block))


def check_input(
    named: tuple[str, nn.Module], host: type[nn.Module], module: Method
) -> None:
    """Refuse a branch whose input the block doesn't have.

    Raises:
        ConfigError: With the inputs that it has.
    """
    if not isinstance(module, Adapter) or module.mode == 'sequential':
        return
    inputs: tuple[str, ...] = host.inputs  # type: ignore[attr-defined]
    name, block = named
    if module.input not in inputs:
        raise ConfigError(
            f'input={module.input!r}: {name} ({class_name(type(block))}) has no such '
            f'input for an adapter; allowed there: {", ".join(map(repr, inputs))}.'
        )


def check_outputs(
    model: nn.Module, names: Sequence[str], stack: Sequence[Method | None]
) -> None:
    """Refuse prompts that would stand in an output taken between two blocks.

    Raises:
        ConfigError: With the outputs meant.
    """
    first = stack[0]
    if not isinstance(first, Prompt) or first.leave:
        return
    blocks, _, start = names[0].rpartition('.')
    trunk = model.get_submodule(blocks.rpartition('.')[0])
    end = int(names[-1].rpartition('.')[2])
    between = [
        index
        for index in getattr(trunk, 'out_indices', ())
        if int(start) <= index < end
    ]
    if between:
        raise ConfigError(
            f'{type(first).__name__} with deep=False: its prompts pass from block '
            f'{start} to {end}, and out_indices takes outputs on the way, {between}. '
            'Use deep=True, or out_indices behind the last block.'
        )


def function_options(
    model: nn.Module, adapter: AdapterConfig | Sequence[AdapterConfig] | None
) -> list[dict[str, Any]]:
    """What decides the adapted function: options with defaults, and layers.

    Options that only matter in training (dropout, initialisation) are left out, and
    layers are spelt out, so that two configs of the same function are equal.

    Args:
        model: The module, not adapted yet.
        adapter: The adapter config.
    """
    described = []
    for request in parse_all(adapter):
        table = hosts_for(request.method)
        stages = stages_of(find_hosts(model, table), table)
        merged = {**request.method.options(), **request.options}
        for option in request.method.training_only:
            merged.pop(option)
        if request.branch != 'mlp':
            merged['branch'] = request.branch
        chosen = select_layers(request.layers, stages, type(model).__name__)
        described.append({'type': request.method.__name__, **merged, 'layers': chosen})
    return described
