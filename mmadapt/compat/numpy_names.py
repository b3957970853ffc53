"""Names that numpy 2 took away and MMAction2 still uses."""

from __future__ import annotations

import numpy as np

__all__ = ['restore_numpy_names']

SUCCESSORS = {'Inf': 'inf', 'trapz': 'trapezoid', 'in1d': 'isin'}
"""Name that is gone to the one that took its place."""


def restore_numpy_names() -> list[str]:
    """Give numpy its old names back, as other names of the new ones.

    MMAction2 cuts clips into frames with ``np.Inf`` and scores localisation with
    ``np.trapz``; both libraries score retrieval with ``np.in1d``.

    Returns:
        The names that were absent.
    """
    absent = [name for name in SUCCESSORS if not hasattr(np, name)]
    for name in absent:
        setattr(np, name, getattr(np, SUCCESSORS[name]))
    return absent
