"""Generators come back where they were, through a file."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch

from mmadapt.hooks.plain import to_plain
from mmadapt.hooks.random_state import random_state, set_random_state


def draw() -> list[float]:
    normal = float(np.random.standard_normal())  # draws two and keeps one
    return [random.random(), normal, float(np.random.rand()), float(torch.rand(()))]


def test_they_draw_again_what_they_drew(tmp_path: Path) -> None:
    np.random.standard_normal()
    file = tmp_path / 'state.pth'
    torch.save(to_plain(random_state()), file)
    first, second = draw(), draw()
    assert first != second
    set_random_state(torch.load(file, weights_only=True))
    assert [draw(), draw()] == [first, second]


def test_looking_changes_nothing() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    random_state()
    assert torch.equal(torch.rand(2), expected)
