"""Why a model has no block that takes adapters, in words."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from ..errors import class_name
from .base import REFUSED

__all__ = ['no_host']

Hosts = Mapping[type[nn.Module], type[nn.Module]]


def no_host(model: nn.Module, table: Hosts) -> str:
    """Why a model without an adaptable block can't be adapted.

    Args:
        model: The model.
        table: Block class -> host.
    """
    kinds = {type(module) for module in model.modules()}
    where = f'no adaptable block in {type(model).__name__}.'
    reasons = sorted(filter(None, (reason(kind, table) for kind in kinds)))
    if reasons:
        return ' '.join([where, *reasons])
    return (
        f'{where} Known blocks: {known_blocks(table)}. Register one with '
        'mmadapt.register_host.'
    )


def reason(kind: type[nn.Module], table: Hosts) -> str:
    """What to say about one class of a model's modules; empty where nothing."""
    if kind in REFUSED:
        return f'{class_name(kind)}: {REFUSED[kind]}'
    if kind in table:
        unfit = getattr(table[kind], 'unfit', '')
        return f'{class_name(kind)}: {unfit}' if unfit else ''
    for block in kind.__mro__:
        if block in table:
            return (
                f'{class_name(kind)} is a subclass of {class_name(block)}, and may '
                'have another forward: register a host for it with '
                'mmadapt.register_host (docs/add_a_transformer.md).'
            )
    return ''


def known_blocks(table: Hosts) -> str:
    """The block classes, by package, each with the file it is in."""
    packages: dict[str, list[str]] = {}
    for block in table:
        path = block.__module__.split('.')
        names = packages.setdefault(path[0], [])
        names.append('.'.join([*path[1:], block.__qualname__][-2:]))
    listed = [f'{name}: {", ".join(sorted(packages[name]))}' for name in packages]
    return '; '.join(sorted(listed))
