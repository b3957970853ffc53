"""The MLPs of a model, found by their shapes: the hosts are not asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from mmadapt.adapters import Adapter

__all__ = ['bare_blocks', 'find_mlps']

CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True)
class Layer:
    """A linear or convolution layer; ``pointwise`` mixes channels alone."""

    name: str
    width_in: int
    width_out: int
    pointwise: bool


def find_mlps(model: nn.Module) -> list[str]:
    """Name of the smallest module around each MLP, in the model's order.

    An MLP is two neighbouring pointwise layers of which the second takes up the
    hidden width of the first, or half of it (gated ones, which are wide: attention has
    such layers too), and leaves a smaller one. Where nothing else stands in their
    module the hidden width may be the outer one.
    """
    layers = pointwise_layers(model)
    held = Counter(parent for layer in layers for parent in parents(layer.name))
    found = []
    for first, second in pairwise(layers):
        if not (first.pointwise and second.pointwise):
            continue
        outer, hidden = first.width_in, first.width_out
        module = common(first.name, second.name)
        plain = second.width_in == hidden > max(outer, second.width_out)
        gated = 2 * second.width_in == hidden > 4 * outer == 4 * second.width_out
        even = second.width_in == hidden == outer == second.width_out
        alone = held[module] == 2
        beside = first.name.rpartition('.')[0] == module
        if (alone and even) or ((alone or beside) and (plain or gated)):
            found.append(module)
    return found


def pointwise_layers(model: nn.Module) -> list[Layer]:
    """All linear and convolution layers, those of adapters left out."""
    layers = []
    adapters: tuple[str, ...] = ()
    for name, module in model.named_modules():
        if isinstance(module, Adapter):
            adapters += (f'{name}.',)
        elif adapters and name.startswith(adapters):
            continue
        elif isinstance(module, nn.Linear):
            layers.append(Layer(name, module.in_features, module.out_features, True))
        elif isinstance(module, CONVS):
            point = set(module.kernel_size) == {1} and module.groups == 1
            layers.append(Layer(name, module.in_channels, module.out_channels, point))
    return layers


def bare_blocks(model: nn.Module) -> Counter[str]:
    """How often a block of which class has an MLP and no adapter.

    The block is the outermost module that holds no other MLP.
    """
    hosts = {
        name.rpartition('.')[0]
        for name, module in model.named_modules()
        if isinstance(module, Adapter)
    }
    mlps = find_mlps(model)
    held = Counter(parent for mlp in mlps for parent in parents(mlp))
    bare: Counter[str] = Counter()
    for mlp in mlps:
        around = parents(mlp)
        if not hosts.isdisjoint(around):
            continue
        alone = [name for name in around if held[name] == 1] or [mlp]
        blocks = [model.get_submodule(name) for name in alone]
        block = next((b for b in blocks if type(b) is not nn.ModuleList), blocks[0])
        bare[type(block).__name__] += 1
    return bare


def parents(name: str) -> list[str]:
    """A module and what it stands in, outermost first, the model left out."""
    parts = name.split('.')
    return ['.'.join(parts[: end + 1]) for end in range(len(parts))]


def common(first: str, second: str) -> str:
    """The innermost module that both stand in."""
    both = set(parents(first)[:-1]) & set(parents(second)[:-1])
    return max(both, key=len, default='')
