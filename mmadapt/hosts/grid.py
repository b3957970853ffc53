"""Which trunk a block belongs to, and how that trunk lays out its tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from ..adapters import TokenGrid
from ..errors import ConfigError, class_name

__all__ = ['GRIDS', 'find_grid', 'register_grid']

GRIDS: dict[type[nn.Module], Callable[[Any], TokenGrid]] = {}
"""Class of a ViT -> what reads the layout of its tokens off it."""

Reader = Callable[[Any], TokenGrid]


def register_grid(trunk: type[nn.Module]) -> Callable[[Reader], Reader]:
    """Function decorator: it reads the token grid off trunks of that class.

    Args:
        trunk: Class of the ViT; its subclasses have the same attributes.
    """

    def register(reader: Reader) -> Reader:
        GRIDS[trunk] = reader
        return reader

    return register


def find_grid(model: nn.Module, block: str) -> TokenGrid:
    """Layout of the tokens that a block reads.

    Args:
        model: The trunk, or a model around it.
        block: Dotted name of the block in it.

    Raises:
        ConfigError: The block is in no ViT whose grid is known.
    """
    names = block.split('.')
    for depth in range(len(names) - 1, -1, -1):
        trunk = model.get_submodule('.'.join(names[:depth]))
        for kind, reader in GRIDS.items():
            if isinstance(trunk, kind):
                return reader(trunk)
    raise ConfigError(
        f'{block} of {type(model).__name__} is in no ViT whose grid of tokens is '
        'known, so that nothing can be convolved over them; known: '
        f'{", ".join(sorted(map(class_name, GRIDS)))}. Use AdaptMLP, or '
        'register the grid with mmadapt.hosts.register_grid.'
    )
