"""Weights that are numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from ..errors import WeightsError
from .differences import shortened

__all__ = ['check_weights', 'not_finite']


def check_weights(
    file: str, found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]
) -> None:
    """Refuse weights that would be copied, and mean nothing.

    Args:
        file: Its name, for the message.
        found: The tensors of the file, by their names in the model.
        wanted: The model's tensors.

    Raises:
        WeightsError: Whole numbers where the model has others, infinite values, NaN.
    """
    whole = [
        name
        for name, tensor in found.items()
        if wanted[name].is_floating_point() and not tensor.is_floating_point()
    ]
    for names, what, advice in (
        (whole, 'whole numbers in place of weights', 'It is quantised, or damaged'),
        (
            not_finite(found.items()),
            'infinite values or NaN',
            'Its training diverged, or it is damaged',
        ),
    ):
        if names:
            raise WeightsError(
                f"'{file}' has {what} in {len(names)} tensors: {shortened(names)}. "
                f'{advice}; take another copy of it, or an earlier one.'
            )


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
