"""BatchNorm layers of a frozen trunk: their statistics stay as they were loaded."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

__all__ = ['FROZEN_NORMS']

Norm = TypeVar('Norm', bound='_FixedStatistics')


class _FixedStatistics(nn.Module):
    """Mixin: always in evaluation mode, whatever the model around it is in."""

    def train(self: Norm, mode: bool = True) -> Norm:
        """Ignore ``mode`` and return self."""
        return super().train(False)


class FixedBatchNorm1d(_FixedStatistics, nn.BatchNorm1d):
    """A frozen :class:`torch.nn.BatchNorm1d`."""


class FixedBatchNorm2d(_FixedStatistics, nn.BatchNorm2d):
    """A frozen :class:`torch.nn.BatchNorm2d`."""


class FixedBatchNorm3d(_FixedStatistics, nn.BatchNorm3d):
    """A frozen :class:`torch.nn.BatchNorm3d`."""


class FixedSyncBatchNorm(_FixedStatistics, nn.SyncBatchNorm):
    """A frozen :class:`torch.nn.SyncBatchNorm`."""


FROZEN_NORMS: dict[type[nn.Module], type[nn.Module]] = {
    nn.BatchNorm1d: FixedBatchNorm1d,
    nn.BatchNorm2d: FixedBatchNorm2d,
    nn.BatchNorm3d: FixedBatchNorm3d,
    nn.SyncBatchNorm: FixedSyncBatchNorm,
}
"""Norm class -> its form with fixed statistics."""
