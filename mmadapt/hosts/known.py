"""Hosts of packages that change between two patch releases, tied to known forwards.

A host re-states a block's ``forward``. MMPretrain and MMAction2 stand still; timm and
transformers rewrite theirs in any release, and a host for last month's block would
compute something else without a word. So a host names the forwards that it re-states,
by a digest of their syntax, and is registered only where the installed one is of them.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable
from typing import TypeVar

from torch import nn

from .base import refuse_host, register_host

__all__ = ['forward_digest', 'register_known']

EXTRAS = {
    'timm': 'timm>=1.0.19,<1.0.32',
    'transformers': 'transformers>=5.20,<5.24',
}
"""Package -> releases whose forwards the hosts know, as in pyproject.toml."""

Host = TypeVar('Host', bound=type[nn.Module])


def forward_digest(block: type[nn.Module]) -> str:
    """Digest of what ``block.forward`` does: comments and type hints don't count.

    The same on Python 3.10 to 3.12; later ones write syntax trees down differently.
    """
    source = textwrap.dedent(inspect.getsource(block.forward))
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    for node in ast.walk(function.args):
        if isinstance(node, ast.arg):
            node.annotation = None
    body = function.body[1:] if ast.get_docstring(function) else function.body
    dumped = [ast.dump(node) for node in (function.args, *body)]
    return hashlib.sha256('\n'.join(dumped).encode()).hexdigest()[:12]


def register_known(block: type[nn.Module], *digests: str) -> Callable[[Host], Host]:
    """Like :func:`register_host`, for a block whose forward is one of those known.

    Otherwise the block is refused: adapting it is an error that says what to do.

    Args:
        block: The block class.
        digests: Digests of the forwards that the host re-states.
    """

    def register(host: Host) -> Host:
        if forward_digest(block) in digests:
            return register_host(block)(host)
        package = block.__module__.split('.')[0]
        refuse_host(
            block,
            f'its forward in the installed {package} is none that mmadapt knows, which '
            f"knows those of {EXTRAS[package]}: pip install 'mmadapt[{package}]'"
            ', or register a host for it (docs/add_a_transformer.md).',
        )
        return host

    return register
