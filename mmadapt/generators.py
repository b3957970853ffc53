"""The generators that data and models draw from: Python's, NumPy's and torch's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

__all__ = ['generator_states', 'seed_generators', 'untouched_generators']


def seed_generators(*numbers: int) -> None:
    """Seed Python's, NumPy's and torch's generators with whole numbers from 0 on.

    Other numbers, or the same in another order, give streams that have nothing to do
    with each other, which neighbouring seeds added up would not.
    """
    words = np.random.SeedSequence(numbers).generate_state(4)
    high, low = int(words[0]), int(words[1])
    random.seed(high << 32 | low)
    np.random.seed(words)
    torch.manual_seed(high << 31 | low >> 1)


def generator_states(device: torch.device) -> tuple[Any, ...]:
    """Where the generators stand; equal exactly where nothing was drawn in between.

    Args:
        device: Whose generator is looked at beside those of the CPU.
    """
    name, keys, *rest = np.random.get_state()
    states = [torch.get_rng_state()]
    if device.type == 'cuda':
        states.append(torch.cuda.get_rng_state(device))
    drawn = [state.numpy().tobytes() for state in states]
    return random.getstate(), name, np.asarray(keys).tobytes(), *rest, *drawn


@contextmanager
def untouched_generators(device: torch.device) -> Iterator[None]:
    """Leave the generators as they were, so that what follows draws the same.

    Args:
        device: Whose generator is kept beside those of the CPU.
    """
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng([device] if device.type == 'cuda' else []):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
