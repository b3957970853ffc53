"""A backend that counts the graphs it is given."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch._dynamo.backends.debugging import aot_eager
from torch._dynamo.utils import counters

from mmadapt.backbones.compiling import set_compile_blocks
from mmadapt.backbones.recompute import set_recompute

GRAPHS: list[torch.fx.GraphModule] = []

WHOLE = {'backend': 'counting', 'fullgraph': True}
"""A graph that breaks is an error."""


def counting(graph: torch.fx.GraphModule, inputs: Any) -> Any:
    GRAPHS.append(graph)
    return aot_eager(graph, inputs)


def broken(graph: torch.fx.GraphModule, inputs: Any) -> Any:
    raise RuntimeError('out of ideas')


if 'counting' not in torch.compiler.list_backends(exclude_tags=()):
    torch._dynamo.register_backend(counting, name='counting')
    torch._dynamo.register_backend(broken, name='broken')


@contextmanager
def counted() -> Iterator[list[torch.fx.GraphModule]]:
    """The graphs that are made inside, where nothing was compiled yet."""
    torch._dynamo.reset()
    counters.clear()
    GRAPHS.clear()
    yield GRAPHS
    assert not counters['graph_break']


def compiled(model: nn.Module, tier: str = 'none', options: Any = WHOLE) -> nn.Module:
    """A copy whose blocks are compiled."""
    model = set_recompute(copy.deepcopy(model), tier)
    return set_compile_blocks(model, options)
