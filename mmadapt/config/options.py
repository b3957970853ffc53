"""``--cfg-options``: merged, with names that mean nothing refused."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from ..errors import ConfigError, did_you_mean
from ..layers import RULES
from ..registry import ADAPTERS
from ..request import place_options
from .option_checks import check_names, check_types, check_values, look_up
from .option_roles import RUNNER_HOOKS
from .places import VARIABLES, slots
from .top_names import READ_BESIDE

__all__ = ['merge_options']


def merge_options(cfg: Config, options: Mapping[str, Any] | None) -> Config:
    """Merge ``--cfg-options`` into a config, in place.

    A variable such as ``data_root`` replaces its former value everywhere that value
    had gone, so that it works on a resolved config of a work_dir too.

    Args:
        cfg: A config.
        options: Dotted key to value.

    Returns:
        The same config.

    Raises:
        ConfigError: A key that nothing reads, a type that is not known, a value that
            can't be, or a variable that reaches nothing.
    """
    if not options:
        return cfg
    for key in options:
        check_top_level(cfg, key)
        check_adapter_key(cfg, options, key)
    before = deepcopy(cfg)
    for variable in VARIABLES:
        if variable in options:
            clear_former(cfg, variable)
    for key in options:
        open_parents(cfg, key)
        open_rule(cfg, key)
    try:
        cfg.merge_from_dict(
            {
                key: value
                for key, value in options.items()
                if not set_entry(cfg, key, value)
            }
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ConfigError(
            f'--cfg-options {" ".join(options)}: {error}. An index past the end of a '
            'list, or a key inside a plain value, has nowhere to go.'
        ) from error
    check_types(cfg, options)
    check_names(before, cfg, options)
    check_values(cfg, options)
    remove_hooks(cfg, options)
    close_loops(cfg, options)
    for variable in VARIABLES:
        if options.get(variable) is not None:
            check_reaches(cfg, variable, options[variable])
    return cfg


def check_top_level(cfg: Config, key: str) -> None:
    """Refuse a first name that neither the config, the runner nor the tools read.

    A name that the config alone knows is a variable of the file, such as max_epochs,
    that has done its work; changing it warns.
    """
    name = key.split('.')[0]
    runner = list(inspect.signature(Runner.__init__).parameters)[1:]
    read = {*runner, *READ_BESIDE, *VARIABLES} - {'cfg'}
    allowed = {*cfg.keys(), *read}
    if name not in allowed:
        raise ConfigError(
            f'--cfg-options {key}: {name!r} is no key of {cfg.filename or "the config"}'
            f', and none that the runner reads.{did_you_mean(name, allowed)}'
        )
    if name not in read:
        warnings.warn(
            f'--cfg-options {key}: {name!r} is a variable of the config file, which is '
            'read by now; where it was used the old value stays. Set that place.',
            stacklevel=3,
        )


def check_adapter_key(cfg: Config, options: Mapping[str, Any], key: str) -> None:
    """Refuse an option that the adapter's class doesn't have."""
    before, adapter, rest = key.partition('.adapter.')
    if not adapter or before.split('.')[0] != 'model':
        return
    names = rest.split('.')
    path = f'{before}.adapter'
    if names[0].isdigit():
        path, names = f'{path}.{names[0]}', names[1:]
    kind = options.get(f'{path}.type', look_up(cfg, f'{path}.type') or 'AdaptMLP')
    method = ADAPTERS.get(str(kind))
    if method is None or not names:
        return  # the backbone says which methods there are
    allowed = ['type', *place_options(method), *method.options()]
    if names[0] not in allowed:
        raise ConfigError(
            f'--cfg-options {key}: {kind} has no option {names[0]!r}; allowed: '
            f'{", ".join(allowed)}.{did_you_mean(names[0], allowed)}'
        )


def open_parents(cfg: Config, key: str) -> None:
    """Put an empty dict where a parent of ``key`` is None, in place."""
    names = key.split('.')
    for depth in range(1, len(names)):
        parent, name = '.'.join(names[: depth - 1]), names[depth - 1]
        node = look_up(cfg, parent) if parent else cfg
        if hasattr(node, 'get') and node.get(name, 0) is None:
            node[name] = {}


def open_rule(cfg: Config, key: str) -> None:
    """Put a rule in place of the adapter's layers, where a part of one is given."""
    path, _, part = key.rpartition('.')
    parent, _, name = path.rpartition('.')
    if name != 'layers' or part not in RULES or '.adapter' not in f'.{parent}':
        return
    adapter = look_up(cfg, parent)
    if isinstance(adapter, dict) and not isinstance(adapter.get('layers'), dict):
        adapter['layers'] = {}


def set_entry(cfg: Config, key: str, value: Any) -> bool:
    """Put a plain value at its place in a list, which MMEngine can't do.

    Returns:
        Whether ``key`` is such a place.
    """
    path, _, last = key.rpartition('.')
    entries = look_up(cfg, path) if path and last.isdigit() else None
    if not isinstance(entries, list) or isinstance(value, dict):
        return False
    if int(last) >= len(entries):
        raise KeyError(f'{path} has {len(entries)} entries, there is no {last}')
    entries[int(last)] = value
    return True


def remove_hooks(cfg: Config, options: Mapping[str, Any]) -> None:
    """Take out the hooks that an option set to None, in place.

    MMEngine itself takes out those that it adds itself, and those only.
    """
    for key, value in options.items():
        parent, _, name = key.rpartition('.')
        if parent == 'default_hooks' and value is None and name not in RUNNER_HOOKS:
            cfg.default_hooks.pop(name, None)


def close_loops(cfg: Config, options: Mapping[str, Any]) -> None:
    """Leave validation or testing out where an option set a part of it to None.

    Raises:
        ConfigError: A part of the training is None, and others aren't.
    """
    for phase in ('val', 'test'):
        parts = [f'{phase}_{part}' for part in ('dataloader', 'cfg', 'evaluator')]
        if any(options.get(part, '') is None for part in parts):
            for part in parts:
                cfg[part] = None
    training = ('train_dataloader', 'train_cfg', 'optim_wrapper')
    absent = [part for part in training if options.get(part, '') is None]
    if absent and any(cfg.get(part) is not None for part in training):
        raise ConfigError(
            f'--cfg-options {absent[0]}=None: a training needs all of '
            f'{", ".join(training)}. Leave them as they are; tools/test.py scores a '
            'model without training.'
        )


def clear_former(cfg: Config, variable: str) -> None:
    """Open the slots that a variable's former value had filled."""
    former = cfg.get(variable)
    for slot in slots(cfg, variable):
        if former is not None and slot.value == former:
            slot.fill(None)


def check_reaches(cfg: Config, variable: str, value: Any) -> None:
    """Refuse a variable that would change nothing."""
    if variable == 'holdout':
        return
    places = slots(cfg, variable)
    if any(slot.is_open for slot in places):
        return
    there = ', '.join(f'{slot.path}={slot.value!r}' for slot in places)
    raise ConfigError(
        f'--cfg-options {variable}={value} reaches nothing in {cfg.filename}: '
        + (
            f'the places it would fill have values of their own ({there}). Change '
            'those, or set them to None.'
            if there
            else 'it has no place for it.'
        )
    )
