"""Weights that are numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from ..errors import WeightsError
from .differences import shortened

__all__ = ['check_plain', 'check_weights', 'not_finite', 'not_plain', 'stored_as']

PLAIN = (
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
)
"""Kinds of numbers that weights and buffers come in."""


def check_plain(file: str, tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors that no model can take as they are.

    Args:
        file: Its name, for the message.
        tensors: Of the file.

    Raises:
        WeightsError: Sparse ones, some without numbers, or of a kind of numbers that
            weights don't come in.
    """
    if odd := not_plain(tensors.items()):
        raise WeightsError(
            f"'{file}' holds {len(odd)} tensors that are no plain numbers: "
            f'{shortened(odd)}. Save them as dense tensors of float32 or bfloat16.'
        )


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
            not_finite((n, stored_as(t, wanted[n])) for n, t in found.items()),
            'infinite values or NaN',
            'Its training diverged, or it is damaged',
        ),
    ):
        if names:
            raise WeightsError(
                f"'{file}' has {what} in {len(names)} tensors: {shortened(names)}. "
                f'{advice}; take another copy of it, or an earlier one.'
            )


def stored_as(tensor: object, own: object) -> object:
    """A tensor of a file as a model stores it: 1e300 is infinite in float32.

    Args:
        tensor: What the file holds.
        own: The model's tensor.
    """
    both = isinstance(tensor, Tensor) and isinstance(own, Tensor)
    if both and tensor.is_floating_point() and own.is_floating_point():  # type: ignore[union-attr,attr-defined]
        return tensor.to(own.dtype)  # type: ignore[union-attr,attr-defined]
    return tensor


def not_plain(tensors: Iterable[tuple[str, object]]) -> list[str]:
    """Names, and what they are, of tensors that no model can take as they are.

    Args:
        tensors: Names and values; what isn't a tensor is passed over.
    """
    return [
        f'{name} ({kind})'
        for name, tensor in tensors
        if isinstance(tensor, Tensor) and (kind := kind_of(tensor))
    ]


def kind_of(tensor: Tensor) -> str:
    """What is odd about a tensor; empty where nothing is."""
    if tensor.layout != torch.strided:
        return str(tensor.layout)
    if tensor.device.type == 'meta':
        return 'on the device meta, without numbers'
    return '' if tensor.dtype in PLAIN else str(tensor.dtype)


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
