"""The quickstart's scripts import each other by name, as when one of them is run."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / 'tools' / 'quickstart'), str(ROOT / 'tools')]

from digits import split_digits  # noqa: E402


@pytest.fixture(scope='session')
def split():
    return split_digits()
