"""What ``--cfg-options`` may say: names, types and values that mean something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from ..errors import ConfigError, did_you_mean
from .accepts import find_class, known_names
from .data import scope_of
from .option_roles import RUNNER_HOOKS, registry_of, takes
from .places import DATALOADERS

__all__ = ['check_names', 'check_types', 'check_values', 'look_up']

MAX_SEED = 2**32 - 1  # NumPy's


def look_up(cfg: Any, path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    node: Any = cfg
    for name in path.split('.'):
        if isinstance(node, (list, tuple)):
            node = node[int(name)] if name.isdigit() and int(name) < len(node) else None
        else:
            node = node.get(name) if hasattr(node, 'get') else None
    return node


def check_names(before: Config, after: Config, options: Mapping[str, Any]) -> None:
    """Refuse options that were added where nothing reads them.

    What was in the config stays allowed, and so does what the class of the part takes,
    the class that the same command gives it included.

    Args:
        before: The config without the options.
        after: The config with them.
        options: Dotted key to value.

    Raises:
        ConfigError: With what the part takes.
    """
    if 'runner_type' in after:
        return
    with scope_of(after):
        for key in options:
            names = key.split('.')
            for depth in range(1, len(names)):
                check_name(before, after, key, '.'.join(names[:depth]), names[depth])


def check_name(before: Config, after: Config, key: str, path: str, name: str) -> None:
    """Refuse one name below ``path`` that was added and isn't read."""
    former, node = look_up(before, path), look_up(after, path)
    if not isinstance(node, Mapping):
        return
    if isinstance(former, Mapping) and name in former:
        return
    if path == 'default_hooks':
        check_new_hook(former or {}, node, key, name)
        return
    known = takes(path, node)
    if known is None or name in known[1]:
        return
    kind, allowed = known
    allowed = sorted({option for option in allowed if not option.startswith('_')})
    where = path if kind == path else f'{kind} ({path})'
    raise ConfigError(
        f'--cfg-options {key}: {where} has no option {name!r}; allowed: '
        f'{", ".join(allowed)}.{did_you_mean(name, allowed)}'
    )


def check_new_hook(
    former: Mapping[str, Any], hooks: Mapping[str, Any], key: str, name: str
) -> None:
    """Refuse a default hook that is new and isn't said to be anything."""
    hook = hooks.get(name)
    if hook is None and name in RUNNER_HOOKS:
        return
    if not isinstance(hook, Mapping) or 'type' not in hook:
        raise ConfigError(
            f'--cfg-options {key}: the config has no default_hooks.{name}; it has: '
            f'{", ".join(former) or "none"}. A new hook needs its type in the same '
            f'command, default_hooks.{name}.type=NAME.{did_you_mean(name, former)}'
        )


def check_types(after: Config, options: Mapping[str, Any]) -> None:
    """Refuse a ``type`` that no registry has.

    Raises:
        ConfigError: With the nearest name that it has.
    """
    if 'default_scope' not in after:
        return
    for key, kind in options.items():
        path, _, last = key.rpartition('.')
        registry = registry_of(path)
        if last != 'type' or registry is None or not isinstance(kind, str):
            continue
        if '.' in kind:
            continue
        with scope_of(after):
            if find_class(registry, kind) is None:
                near = did_you_mean(kind, known_names(registry))
                raise ConfigError(
                    f'--cfg-options {key}={kind}: no {registry.name} is called '
                    f'{kind!r} in {after.default_scope} or MMEngine.{near}'
                )


def check_values(after: Config, options: Mapping[str, Any]) -> None:
    """Refuse a batch size or a seed that is no such number.

    Raises:
        ConfigError: With the numbers that are allowed.
    """
    for key, value in options.items():
        number = value if type(value) is int else None
        loader, _, last = key.partition('.')
        if loader in DATALOADERS and last == 'batch_size':
            batches = look_up(after, f'{loader}.batch_sampler')
            if batches is None and (number is None or number < 1):
                raise ConfigError(
                    f'--cfg-options {key}={value}: a whole number from 1 on.'
                )
        if key == 'randomness.seed' and value is not None:
            if number is None or not 0 <= number <= MAX_SEED:
                raise ConfigError(
                    f'--cfg-options {key}={value}: a whole number from 0 to '
                    f'{MAX_SEED}, or None for a new one each run.'
                )
