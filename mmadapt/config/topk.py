"""Top-k accuracies, where there are fewer classes than k."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from mmengine.registry import METRICS, MODELS, Registry

from .accepts import find_class, options_of
from .data import scope_of
from .places import Node, walk

__all__ = ['limit_topk']

PARTS = {'val_evaluator': METRICS, 'test_evaluator': METRICS, 'model': MODELS}

HOLDERS = ('topk', 'metric_options')
"""Options of metrics and heads that are a top-k, or hold one."""


def limit_topk(cfg: Node, count: int) -> None:
    """Leave out the top-k accuracies that a few classes don't have, in place.

    They are 1 by definition. Where a metric or head says nothing, its default counts.
    """
    for part, registry in PARTS.items():
        with scope_of(cfg):
            for _, node in walk(cfg.get(part)):
                write_defaults(node, registry, count)
        for _, node in walk(cfg.get(part)):
            if any(k > count for k in ks_of(node)):
                node['topk'] = tuple(k for k in ks_of(node) if k <= count) or (1,)


def write_defaults(node: Node, registry: Registry, count: int) -> None:
    """Write the defaults of a node's class that hold a k beyond the classes."""
    found = find_class(registry, node.get('type'))
    if found is None:
        return
    options, _ = options_of(found)
    for name in HOLDERS:
        if name in options and node.get(name) is None:
            default = {name: options[name].default}
            if any(k > count for _, inner in walk(default) for k in ks_of(inner)):
                node[name] = deepcopy(options[name].default)


def ks_of(node: Node) -> Iterator[int]:
    """The numbers of a node's own ``topk``."""
    topk = node.get('topk')
    yield from topk if isinstance(topk, (list, tuple)) else ()
