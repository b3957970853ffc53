#!/usr/bin/env bash
# Lint, types and tests. Usage: bash tools/run_tests.sh [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/setup_env.sh
ruff check .
ruff format --check .
mypy
# One thread a process: the models are tiny, and two processes share the cores.
export OMP_NUM_THREADS=1
exec "$PYTHON" -m pytest -n 2 "$@"
