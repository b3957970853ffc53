"""Hosts that carry no adapter, for a model that is to get some."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from ..adapters import Method
from .base import HOSTS, promote

__all__ = ['bare_blocks']


@contextmanager
def bare_blocks(model: nn.Module) -> Iterator[None]:
    """Hosts without an adapter as the blocks that they were; afterwards hosts again.

    Args:
        model: With blocks that are hosts for another reason: that they are computed a
            second time, compiled, or seeded.
    """
    blocks = {host: block for block, host in HOSTS.items()}
    found = [
        module
        for module in model.modules()
        if type(module) in blocks
        and not any(isinstance(child, Method) for child in module.children())
    ]
    for module in found:
        promote(module, blocks[type(module)])
    try:
        yield
    finally:
        for module in found:
            promote(module, HOSTS.get(type(module), type(module)))
