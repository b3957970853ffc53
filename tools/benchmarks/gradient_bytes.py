"""What processes send each other in a step: the gradients of what trains.

    python tools/benchmarks/gradient_bytes.py configs/adaptformer_cifar100.py
    python tools/benchmarks/gradient_bytes.py CONFIG --methods config full --size 64

Two gloo processes run a step of each method under DistributedDataParallel, on random
inputs with a random trunk, and count the bytes of its buckets as they are averaged.
Then tensors of these sizes are averaged alone, and timed.
"""

from __future__ import annotations

import os
import socket
import statistics
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

import torch
import torch.multiprocessing
from torch import distributed

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools' / part) for part in ('analysis', 'benchmarks')]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from costs.models import Shape, build, config_of, loss_of, make_batch, shape_of
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.nn.parallel import DistributedDataParallel

import mmadapt

PROCESSES = 2
ROUNDS = 5


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Bytes that a step sends.')
    parser.add_argument('config', type=Path, help='config file')
    parser.add_argument('--methods', nargs='+', default=['config', 'full'])
    parser.add_argument('--size', type=int, help="pixels; else the backbone's")
    return parser.parse_args(argv)


def step_bytes(config: Path, method: str, size: int | None) -> tuple[int, int]:
    """Bytes of all buckets of one step, and of all parameters."""
    cfg = config_of(config, method, None)
    model = build(cfg)
    shape = shape_of(cfg, model)
    batch = make_batch(model, Shape(size or shape.size, shape.frames), 2)
    sent = []

    def counted(bucket: distributed.GradBucket) -> distributed.GradBucket:
        sent.append(bucket.buffer().nbytes)
        return bucket

    wrapped = DistributedDataParallel(model, broadcast_buffers=False)
    # DDP reads a hook's annotations, which are texts in this file; a lambda has none.
    wrapped.register_comm_hook(
        None, lambda _, bucket: allreduce_hook(None, counted(bucket))
    )
    loss_of(wrapped, batch).backward()
    return sum(sent), 4 * mmadapt.parameter_report(model).total


def all_reduce_seconds(size: int) -> float:
    """Seconds to average so many bytes, the median."""
    tensor = torch.ones(size // 4)
    times = []
    for _ in range(ROUNDS):
        distributed.barrier()
        start = time.perf_counter()
        distributed.all_reduce(tensor)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def work(rank: int, port: int, args: Namespace) -> None:
    """One process."""
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    torch.set_num_threads(1)
    distributed.init_process_group('gloo', rank=rank, world_size=PROCESSES)
    for method in args.methods:
        sent, total = step_bytes(args.config, method, args.size)
        seconds = all_reduce_seconds(sent)
        if rank == 0:
            print(
                f'{method}: {sent / 1e6:.2f} MB of gradients a step, of '
                f'{total / 1e6:.1f} MB of parameters; {1e3 * seconds:.1f} ms by gloo',
                flush=True,
            )
    distributed.destroy_process_group()


def main() -> None:
    """Print a line a method."""
    args = parse_args()
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(work, (port, args), PROCESSES)


if __name__ == '__main__':
    main()
