#!/usr/bin/env bash
# Train on several GPUs, or processes of a machine without one, of one node or several:
#   tools/dist_train.sh CONFIG GPUS [options of tools/train.py]
# Several nodes: on each of them, with NNODES, NODE_RANK, MASTER_ADDR (and PORT) set.
# MAX_RESTARTS=N: when a process dies, all start again, up to N times, from the newest
# checkpoint of the work_dir (it adds --resume).
set -euo pipefail

if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG GPUS [options of tools/train.py]" >&2
    exit 2
fi
CONFIG=$1
GPUS=$2
NNODES=${NNODES:-1}
NODE_RANK=${NODE_RANK:-0}
PORT=${PORT:-29500}
MASTER_ADDR=${MASTER_ADDR:-127.0.0.1}
MAX_RESTARTS=${MAX_RESTARTS:-0}
RESUME=""
if [ "$MAX_RESTARTS" -gt 0 ] && [[ " ${*:3} " != *" --resume"* ]]; then
    RESUME=--resume
fi
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# torchrun would set it too, with a banner in front of the log.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"
exec python -m torch.distributed.run \
    --nnodes="$NNODES" \
    --node-rank="$NODE_RANK" \
    --master-addr="$MASTER_ADDR" \
    --master-port="$PORT" \
    --nproc-per-node="$GPUS" \
    --max-restarts="$MAX_RESTARTS" \
    "$ROOT/tools/train.py" "$CONFIG" --launcher pytorch ${RESUME:+"$RESUME"} "${@:3}"
