#!/usr/bin/env bash
# Adapt a small ViT to real handwritten digits, as images and as moving clips, and
# compare with linear probing and full fine-tuning. Usage: bash tools/quickstart.sh
# [--seeds N] [--fresh]; sets up what it needs, runs without a GPU and without a network.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/setup_env.sh
exec "$PYTHON" tools/quickstart/run.py "$@"
