"""Generators tell whether something was drawn, and are put back."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch

from mmadapt.generators import generator_states, seed_generators, untouched_generators

CPU = torch.device('cpu')
DRAWS = [random.random, lambda: np.random.randn(3), lambda: torch.rand(())]


def numbers() -> tuple[float, float, float]:
    return random.random(), np.random.rand(), torch.rand(()).item()


@pytest.mark.parametrize('draw', DRAWS, ids=['python', 'numpy', 'torch'])
def test_a_draw_moves_the_states(draw: Callable[[], object]) -> None:
    before = generator_states(CPU)
    assert generator_states(CPU) == before
    draw()
    assert generator_states(CPU) != before


def test_draws_inside_are_undone() -> None:
    before = generator_states(CPU)
    with untouched_generators(CPU):
        seed_generators(5)
        numbers()
    assert generator_states(CPU) == before


def test_a_seed_is_all_of_its_numbers_in_their_order() -> None:
    seeds = [(0, 1), (1, 0), (0, 2), (0, 0, 1)]
    drawn = []
    for seed in [*seeds, (0, 1)]:
        seed_generators(*seed)
        drawn.append(numbers())
    assert drawn[0] == drawn[-1]
    for stream in zip(*drawn[:-1]):
        assert len(set(stream)) == len(seeds)
