"""From an adapter config to the blocks and branches it means, checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from .adapters import Adapter
from .errors import ConfigError, did_you_mean
from .hosts import HOSTS
from .registry import ADAPTERS

__all__ = ['AdapterConfig', 'Placement', 'find_hosts', 'function_options', 'plan']

AdapterConfig = Mapping[str, Any]


@dataclass(frozen=True)
class Placement:
    """One branch to be added to one block."""

    name: str
    block: nn.Module
    branch: Adapter


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
    hosts = find_hosts(model)
    if not hosts:
        raise ConfigError(
            f'no adaptable block in {type(model).__name__}. Known blocks: '
            f'{", ".join(sorted(block.__name__ for block in HOSTS))}. Register one '
            'with mmadapt.register_host.'
        )
    placements: dict[str, Placement] = {}
    for config in configs:
        method, options, layers = parse(config)
        for index in select_layers(layers, len(hosts), type(model).__name__):
            name, block = hosts[index]
            if name in placements:
                raise ConfigError(
                    f'layer {index} ({name}) is given two adapters; each layer takes '
                    'one. Make the layers of the list distinct.'
                )
            branch = build(method, HOSTS[type(block)].width(block), options)
            like = next(block.parameters())
            branch = branch.to(device=like.device, dtype=like.dtype)
            placements[name] = Placement(name, block, branch)
    return list(placements.values())


def find_hosts(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Names and modules of the adaptable blocks, in forward order."""
    return [
        (name, module)
        for name, module in model.named_modules()
        if type(module) in HOSTS
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


def parse(config: AdapterConfig) -> tuple[type[Adapter], dict[str, Any], Any]:
    """Method, its options, and ``layers`` of one adapter config.

    Raises:
        ConfigError: An unknown method or option, or one that is missing.
    """
    options = dict(config)
    name = options.pop('type', 'AdaptMLP')
    layers = options.pop('layers', 'all')
    found: Any = name if inspect.isclass(name) else ADAPTERS.get(str(name))
    if found is None or not issubclass(found, Adapter):
        known = sorted(ADAPTERS.module_dict)
        raise ConfigError(
            f'adapter type {name!r} is not known; allowed: {", ".join(known)}.'
            f'{did_you_mean(name, known)}'
        )
    method: type[Adapter] = found
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


def build(method: Callable[..., Adapter], width: int, options: Any) -> Adapter:
    """One branch; every method takes the width first."""
    return method(width, **options)


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
    count = len(find_hosts(model))
    described = []
    for config in as_list(adapter):
        method, options, layers = parse(config)
        merged = {**method.options(), **options}
        for option in method.training_only:
            merged.pop(option)
        chosen = select_layers(layers, count, type(model).__name__)
        described.append({'type': method.__name__, **merged, 'layers': chosen})
    return described
