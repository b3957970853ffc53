"""How much of a model trains."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

__all__ = ['ParameterReport', 'parameter_report']


@dataclass(frozen=True)
class ParameterReport:
    """Parameter counts of a model.

    Attributes:
        total: All parameters.
        trainable: Those that require a gradient.
    """

    total: int
    trainable: int

    @property
    def share(self) -> float:
        """Trainable part of the total, from 0 to 1."""
        return self.trainable / self.total if self.total else 0.0

    def __str__(self) -> str:
        return (
            f'trainable {in_millions(self.trainable)} of {in_millions(self.total)} '
            f'({100 * self.share:.2f} %)'
        )


def parameter_report(model: nn.Module) -> ParameterReport:
    """Count a model's parameters, each once, and those that train."""
    # DeepSpeed leaves a parameter empty that it dealt out.
    sizes = [
        (getattr(p, 'ds_numel', p.numel()), p.requires_grad) for p in model.parameters()
    ]
    return ParameterReport(
        total=sum(size for size, _ in sizes),
        trainable=sum(size for size, trains in sizes if trains),
    )


def in_millions(count: int) -> str:
    """``1266532`` as ``1.27 M``; small counts keep a digit that isn't zero."""
    millions = count / 1e6
    return f'{millions:.2f} M' if millions >= 0.095 else f'{millions:.4f} M'
