"""The benchmark's parts import each other as when faults.py is run."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / 'tools' / 'benchmarks'), str(ROOT / 'tools')]
