"""BatchNorm layers of a frozen trunk: their statistics stay as they were loaded."""

from __future__ import annotations

from typing import Any, TypeVar

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from .base import promote

__all__ = ['FixedStatistics', 'fix_statistics', 'free_statistics']

FIXED: dict[type[nn.Module], type[nn.Module]] = {}
"""Norm class -> its subclass with fixed statistics, made when it is needed."""

Norm = TypeVar('Norm', bound='FixedStatistics')


class FixedStatistics(nn.Module):
    """Mixin: the norm is in evaluation mode, whatever the model around it is in.

    Its children, such as the activation of timm's BatchNormAct2d, follow the model.
    """

    def train(self: Norm, mode: bool = True) -> Norm:
        """Set the children's mode, and return self."""
        super().train(mode)
        self.training = False
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle and copy the layer as one of its original class, fixed again."""
        parts: Any = super().__reduce_ex__(2)
        _, _, state, *rest = parts
        return (rebuild, (original(type(self)),), state, *rest)


def fix_statistics(module: nn.Module) -> None:
    """Keep the statistics of a BatchNorm layer, of whichever class, as they are.

    Other modules, and layers that are fixed already, are left alone.
    """
    if isinstance(module, _BatchNorm) and not isinstance(module, FixedStatistics):
        mode = module.training
        promote(module, fixed(type(module)))
        module.train(mode)


def free_statistics(module: nn.Module) -> None:
    """Undo :func:`fix_statistics`; other modules are left alone."""
    if isinstance(module, FixedStatistics):
        promote(module, original(type(module)))


def fixed(norm: type[nn.Module]) -> type[nn.Module]:
    """The subclass of a norm's class with fixed statistics, always the same one."""
    if norm not in FIXED:
        scope = {'__module__': norm.__module__}
        FIXED[norm] = type(f'Fixed{norm.__name__}', (FixedStatistics, norm), scope)
    return FIXED[norm]


def original(kind: type[nn.Module]) -> type[nn.Module]:
    """The norm's class that :func:`fixed` made a subclass of."""
    return kind.__bases__[1]


def rebuild(norm: type[nn.Module]) -> nn.Module:
    """A layer without state, for pickle."""
    kind = fixed(norm)
    return kind.__new__(kind)
