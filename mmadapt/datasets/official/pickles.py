"""Pickles of arrays and plain Python, read without running code."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

from ...errors import DataError

__all__ = ['read_plain_pickle']

# What numpy needs to build an array, under its old and its new name.
ALLOWED = {
    ('numpy', 'dtype'),
    ('numpy', 'ndarray'),
    ('numpy.core.multiarray', '_reconstruct'),
    ('numpy._core.multiarray', '_reconstruct'),
    ('numpy._core.numeric', '_frombuffer'),
    ('numpy.core.numeric', '_frombuffer'),
    ('_codecs', 'encode'),
}


class PlainUnpickler(pickle.Unpickler):
    """Builds arrays, numbers, text and containers; refuses every other class.

    See "Restricting Globals" in https://docs.python.org/3/library/pickle.html.
    """

    def find_class(self, module: str, name: str) -> Any:
        """The class of an array's part.

        Raises:
            pickle.UnpicklingError: Any other class or function.
        """
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f'{module}.{name} is not allowed')
        return super().find_class(module, name)


def read_plain_pickle(file: Path) -> Any:
    """The content of a pickle that holds arrays and plain Python.

    Args:
        file: Written by Python 2 or 3.

    Raises:
        DataError: It holds something else, or is cut off.
    """
    try:
        return PlainUnpickler(io.BytesIO(file.read_bytes()), encoding='latin1').load()
    # A cut off or foreign stream fails in many ways.
    except Exception as error:
        raise DataError(
            f'{file} is not a pickle of arrays and plain Python '
            f'({type(error).__name__}: {error}). Download it again.'
        ) from error
