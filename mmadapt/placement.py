"""From an adapter config to the blocks and branches it means, checked."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from .adapters import Method, Prompt
from .errors import ConfigError, did_you_mean
from .hosts import HOSTS, PROMPT_HOSTS, find_grid
from .registry import ADAPTERS

__all__ = ['AdapterConfig', 'Placement', 'find_hosts', 'function_options', 'plan']

AdapterConfig = Mapping[str, Any]


@dataclass(frozen=True)
class Placement:
    """One module to be added to one block, and the class that the block becomes."""

    name: str
    block: nn.Module
    host: type[nn.Module]
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
    configs = as_list(adapter)
    if not configs:
        return []
    placements: dict[str, Placement] = {}
    for config in configs:
        method, options, layers = parse(config)
        table = hosts_for(method)
        hosts = find_hosts(model, table)
        if not hosts:
            raise ConfigError(
                f'no adaptable block in {type(model).__name__}. Known '
                f'blocks: {", ".join(sorted(block.__name__ for block in table))}. '
                'Register one with mmadapt.register_host.'
            )
        chosen = [
            hosts[index]
            for index in select_layers(layers, len(hosts), type(model).__name__)
        ]
        widths = [table[type(block)].width(block) for _, block in chosen]  # type: ignore[attr-defined]
        stack = method.stack(widths, options)
        check_outputs(model, [name for name, _ in chosen], stack)
        for (name, block), module in zip(chosen, stack, strict=True):
            if name in placements:
                raise ConfigError(
                    f'{name} is given two adapters; each block takes one. Make the '
                    'layers of the list distinct.'
                )
            if module is None:
                continue
            if module.needs_grid:
                setattr(module, 'grid', find_grid(model, name))  # noqa: B010 - typed there
            like = next(block.parameters())
            module = module.to(device=like.device, dtype=like.dtype)
            placements[name] = Placement(name, block, table[type(block)], module)
    return list(placements.values())


def hosts_for(method: type[Method]) -> dict[type[nn.Module], type[nn.Module]]:
    """The table of hosts that a method needs."""
    return PROMPT_HOSTS if issubclass(method, Prompt) else HOSTS


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


def find_hosts(
    model: nn.Module, table: Mapping[type[nn.Module], type[nn.Module]] = HOSTS
) -> list[tuple[str, nn.Module]]:
    """Names and modules of the adaptable blocks, in forward order."""
    return [
        (name, module)
        for name, module in model.named_modules()
        if type(module) in table
    ]


def as_list(
    adapter: AdapterConfig | Sequence[AdapterConfig] | None,
) -> list[AdapterConfig]:
    """A config, a list of them, or None, as a list.

    Raises:
        ConfigError: Anything else.
    """
    if adapter is None:
        return []
    configs = [adapter] if isinstance(adapter, Mapping) else adapter
    if isinstance(configs, str) or not isinstance(configs, Sequence):
        configs = [configs]  # refused below, with the value given
    for config in configs:
        if not isinstance(config, Mapping):
            raise ConfigError(
                f'adapter={adapter!r}: a dict such as dict(bottleneck=64), a list of '
                'dicts, or None for linear probing.'
            )
    return list(configs)


def parse(config: AdapterConfig) -> tuple[type[Method], dict[str, Any], Any]:
    """Method, its options, and ``layers`` of one adapter config.

    Raises:
        ConfigError: An unknown method or option, or one that is missing.
    """
    options = dict(config)
    name = options.pop('type', 'AdaptMLP')
    layers = options.pop('layers', 'all')
    found: Any = name if inspect.isclass(name) else ADAPTERS.get(str(name))
    if not inspect.isclass(found) or not issubclass(found, Method):
        known = sorted(ADAPTERS.module_dict)
        raise ConfigError(
            f'adapter type {name!r} is not known; allowed: {", ".join(known)}.'
            f'{did_you_mean(name, known)}'
        )
    method: type[Method] = found
    allowed = method.options()
    for option in options:
        if option not in allowed:
            names = ['type', *allowed, 'layers']
            raise ConfigError(
                f'{method.__name__} has no option {option!r}; allowed: '
                f'{", ".join(names)}.{did_you_mean(option, names)}'
            )
    for option, default in allowed.items():
        if default is ... and option not in options:
            raise ConfigError(f'{method.__name__} needs the option {option!r}.')
    return method, options, layers


def select_layers(layers: object, count: int, model: str) -> list[int]:
    """Indices that ``layers`` means among ``count`` blocks, in forward order.

    Args:
        layers: ``'all'`` or a sequence of indices, negative ones from the end.
        count: Number of adaptable blocks.
        model: The model's name, for the error.

    Raises:
        ConfigError: Not of that form, out of range, empty or with a repetition.
    """
    if layers == 'all':
        return list(range(count))
    whole = isinstance(layers, Sequence) and all(
        isinstance(index, int) and not isinstance(index, bool) for index in layers
    )
    if not whole or not layers:
        raise ConfigError(
            f"layers={layers!r}: 'all' or a list of indices of adaptable blocks "
            f'(0-{count - 1}), negative ones counted from the end. For no adapter at '
            'all use adapter=None.'
        )
    outside = [index for index in layers if not -count <= index < count]  # type: ignore[attr-defined]
    if outside:
        raise ConfigError(
            f'layers {outside} is out of range: {model} has {count} adaptable blocks '
            f'(0-{count - 1}).'
        )
    chosen = [index % count for index in layers]  # type: ignore[attr-defined]
    if len(set(chosen)) != len(chosen):
        raise ConfigError(f'layers={layers!r} names a block twice.')
    return sorted(chosen)


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
    for config in as_list(adapter):
        method, options, layers = parse(config)
        count = len(find_hosts(model, hosts_for(method)))
        merged = {**method.options(), **options}
        for option in method.training_only:
            merged.pop(option)
        chosen = select_layers(layers, count, type(model).__name__)
        described.append({'type': method.__name__, **merged, 'layers': chosen})
    return described
