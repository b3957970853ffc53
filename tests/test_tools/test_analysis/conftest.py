"""Lets the tests import the parts of tools/analysis/zoo_coverage.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'tools' / 'analysis'))
