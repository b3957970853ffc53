"""What one adapter config asks for: a method, its options, and where it goes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .adapters import Adapter, Method, check_choice
from .errors import ConfigError, did_you_mean
from .registry import ADAPTERS

__all__ = ['AdapterConfig', 'Request', 'parse', 'parse_all', 'place_options']

AdapterConfig = Mapping[str, Any]

BRANCHES = {'mlp': ('mlp',), 'attn': ('attn',), 'both': ('attn', 'mlp')}


@dataclass(frozen=True)
class Request:
    """One adapter config, taken apart.

    Attributes:
        method: The method.
        options: Its own options.
        layers: Which blocks, see :func:`mmadapt.layers.select_layers`.
        branch: Beside which branch of a block: ``'mlp'``, ``'attn'`` or ``'both'``.
    """

    method: type[Method]
    options: dict[str, Any]
    layers: Any
    branch: str

    @property
    def branches(self) -> tuple[str, ...]:
        """The branches meant, in forward order."""
        return BRANCHES[self.branch]

    @property
    def listed(self) -> dict[str, Sequence[Any]]:
        """The options that are given stage by stage."""
        return {
            name: value
            for name, value in self.options.items()
            if name in self.method.per_stage and isinstance(value, (list, tuple))
        }

    def spread(self, stages: Sequence[int]) -> list[dict[str, Any]]:
        """The options of each block; those given as a list are one a stage.

        Args:
            stages: The stage of every adaptable block of the model.

        Raises:
            ConfigError: A list of another length than there are stages.
        """
        lists = self.listed
        count = len(set(stages))
        for name, value in lists.items():
            if len(value) != count:
                raise ConfigError(
                    f'{name}={value!r}: one value for each stage, and there are '
                    f'{count} (blocks a stage: '
                    f'{", ".join(str(stages.count(s)) for s in sorted(set(stages)))}).'
                )
        return [
            {**self.options, **{name: lists[name][stage] for name in lists}}
            for stage in stages
        ]


def place_options(method: type[Method]) -> tuple[str, ...]:
    """Options of an adapter config that say where a method goes."""
    return ('layers', 'branch') if issubclass(method, Adapter) else ('layers',)


def parse_all(
    adapter: AdapterConfig | Sequence[AdapterConfig] | None,
) -> list[Request]:
    """What a config, a list of them, or None asks for.

    Raises:
        ConfigError: Anything else, and what :func:`parse` refuses.
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
    return [parse(config) for config in configs]


def parse(config: AdapterConfig) -> Request:
    """Method, options and place of one adapter config.

    Raises:
        ConfigError: An unknown method or option, or one that is missing.
    """
    options = dict(config)
    name = options.pop('type', 'AdaptMLP')
    layers = options.pop('layers', 'all')
    found: Any = name if inspect.isclass(name) else ADAPTERS.get(str(name))
    known_one = inspect.isclass(found) and issubclass(found, Method)
    if not known_one or inspect.isabstract(found):
        known = sorted(ADAPTERS.module_dict)
        raise ConfigError(
            f'adapter type {name!r} is not known; allowed: {", ".join(known)}.'
            f'{did_you_mean(name, known)}'
        )
    method: type[Method] = found
    branch = 'mlp'
    if 'branch' in place_options(method):
        branch = options.pop('branch', branch)
        check_choice('branch', branch, tuple(BRANCHES))
    allowed = method.options()
    for option in options:
        if option not in allowed:
            names = ['type', *allowed, *place_options(method)]
            raise ConfigError(
                f'{method.__name__} has no option {option!r}; allowed: '
                f'{", ".join(names)}.{did_you_mean(option, names)}'
            )
    for option, default in allowed.items():
        if default is ... and option not in options:
            raise ConfigError(f'{method.__name__} needs the option {option!r}.')
    return Request(method, options, layers, branch)
