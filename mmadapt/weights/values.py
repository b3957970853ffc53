"""Weights that are numbers."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ['not_finite']


def not_finite(tensors: Iterable[tuple[str, object]]) -> list[str]:
    """Names of the tensors that hold an infinite value or NaN.

    Args:
        tensors: Names and values; what isn't a tensor of floating point numbers is
            passed over.
    """
    return [
        name
        for name, tensor in tensors
        if isinstance(tensor, Tensor)
        and tensor.is_floating_point()
        and not bool(torch.isfinite(tensor).all())
    ]
