"""What every test has in common."""

from __future__ import annotations

import pytest
import torch

import mmadapt


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Every test draws the same numbers, whatever ran before it."""
    torch.manual_seed(0)


def pytest_report_header() -> str:
    """Versions that decide what the tests see."""
    return f'mmadapt {mmadapt.__version__}, torch {torch.__version__}'
