"""Lets the tests import the parts of the tools in tools/analysis."""

import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[3] / 'tools'
sys.path[:0] = [str(TOOLS / part) for part in ('analysis', 'benchmarks', '')]
