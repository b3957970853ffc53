"""Trunks whose ``init_weights`` would run over the adapters too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from torch import nn

from ..adapters import Method
from .base import promote

__all__ = ['TRUNKS', 'AdaptedTrunk', 'hidden', 'promote_trunks', 'register_trunk']

TRUNKS: dict[type[nn.Module], type[nn.Module]] = {}
"""Trunk class -> the same with another ``init_weights``, looked up by exact type."""


class AdaptedTrunk(nn.Module):
    """Mixin of every trunk that initialises all layers below itself in a loop.

    MMEngine initialises a model when training starts, and each module by its own
    ``init_weights``. The loop would draw the adapters' zeros anew.
    """

    def init_weights(self, *options: Any) -> None:
        """Initialise the trunk, with upstream's options; adapters stay as they are."""
        parent: Any = super()
        with hidden(self, is_method):
            parent.init_weights(*options)


Trunk = TypeVar('Trunk', bound=type[nn.Module])


def register_trunk(trunk: type[nn.Module]) -> Callable[[Trunk], Trunk]:
    """Class decorator: adapted trunks of exactly type ``trunk`` become that class.

    Args:
        trunk: The trunk class.
    """

    def register(adapted: Trunk) -> Trunk:
        TRUNKS[trunk] = adapted
        return adapted

    return register


def promote_trunks(model: nn.Module) -> None:
    """Turn each trunk of such a class in an adapted model into its other form."""
    for module in model.modules():
        if type(module) in TRUNKS:
            promote(module, TRUNKS[type(module)])


@contextmanager
def hidden(module: nn.Module, which: Callable[[nn.Module], bool]) -> Iterator[None]:
    """Take modules below ``module`` out of the module tree for a while.

    Args:
        module: Where they are searched.
        which: Says of a module whether it is one of them.
    """
    found = [
        (parent, name, child)
        for parent in list(module.modules())
        for name, child in parent._modules.items()
        if child is not None and which(child)
    ]
    try:
        for parent, name, _ in found:
            parent._modules[name] = nn.Identity()  # keeps the order of children
        yield
    finally:
        for parent, name, child in found:
            parent._modules[name] = child


def is_method(module: nn.Module) -> bool:
    """Whether a module is what an adaptation method added."""
    return isinstance(module, Method)
