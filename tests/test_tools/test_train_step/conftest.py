"""The benchmark's parts import each other as when train_step.py is run."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / 'tools' / part) for part in ('analysis', 'benchmarks')]
