"""Random generators as plain Python, so that a resumed run draws what it would have."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

__all__ = ['random_state', 'set_random_state']


def random_state() -> dict[str, Any]:
    """The generators of Python, numpy, torch and, where there is one, the GPU."""
    kind, keys, position, has_gauss, gauss = np.random.get_state()
    state: dict[str, Any] = {
        'python': random.getstate(),
        'numpy': (kind, np.asarray(keys).tolist(), position, has_gauss, gauss),
        'torch': torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        state['cuda'] = torch.cuda.get_rng_state()
    return state


def set_random_state(state: Mapping[str, Any]) -> None:
    """Put the generators where :func:`random_state` found them.

    Args:
        state: Its result. The GPU's part is passed over where there is no GPU.
    """
    kind, keys, position, has_gauss, gauss = state['numpy']
    random.setstate(state['python'])
    np.random.set_state(
        (kind, np.asarray(keys, dtype=np.uint32), position, has_gauss, gauss)
    )
    torch.set_rng_state(state['torch'].cpu())
    if 'cuda' in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())
