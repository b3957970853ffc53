"""The adapter's skip and scale folded into its second product, against its equation.

    python tools/benchmarks/scale_folding.py

Forward and backward pass of x + h + s up(ReLU(down(x))) at 784 tokens of width 768, in
turns; CPU time, ratios within a round. Numbers are compared first, and what is kept.
"""

from __future__ import annotations

import statistics
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools' / part) for part in ('analysis', 'benchmarks')]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from mmadapt import launch  # isort: skip - it makes what the others import importable

from costs.memory import saved
from train_steps.measure import timed

from mmadapt.adapters import AdaptMLP

TOKENS, WIDTH, STEPS = 784, 768, 10

Close = Callable[[AdaptMLP, Tensor, Tensor], Tensor]


def equation(adapter: AdaptMLP, x: Tensor, h: Tensor) -> Tensor:
    """X + h + A(x), as the hosts write it."""
    return x + h + adapter(x)


def folded(adapter: AdaptMLP, x: Tensor, h: Tensor) -> Tensor:
    """The same: one product that adds, and the bias once."""
    narrow = F.relu(adapter.down(x)).flatten(0, -2)
    stream = (x + h).flatten(0, -2)
    y = torch.addmm(stream, narrow, adapter.up.weight.t(), alpha=adapter.scale)  # type: ignore[arg-type]
    return (y + adapter.scale * adapter.up.bias).view_as(x)


def step(close: Close, adapter: AdaptMLP, x: Tensor, h: Tensor) -> list[Tensor]:
    """Output and gradients."""
    leaves = [x, h, *adapter.parameters()]
    y = close(adapter, x, h)
    return [y.detach(), *torch.autograd.grad(y, leaves, torch.ones_like(y))]


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Scale and skip folded into a product.')
    parser.add_argument('--rounds', type=int, default=40, help='(40)')
    args = parser.parse_args(argv)
    if args.rounds < 2:
        parser.error('--rounds from 2 on')
    return args


def main() -> None:
    """Print both."""
    args = parse_args()
    torch.manual_seed(0)
    adapter = AdaptMLP(WIDTH, init='normal')
    x, h = (torch.randn(1, TOKENS, WIDTH, requires_grad=True) for _ in range(2))
    pairs = zip(*(step(way, adapter, x, h) for way in (folded, equation)), strict=True)
    apart = max(float((a - b).abs().max() / b.abs().max()) for a, b in pairs)
    print(f'furthest apart: {apart:.1e} of the largest')
    seconds: dict[Close, list[float]] = {equation: [], folded: []}
    for way in seconds:
        with saved(adapter) as kept:
            way(adapter, x, h)
        print(f'{way.__name__} keeps {sum(kept.values()) / 1e6:.2f} MB')
    for _ in range(args.rounds):
        for way, found in seconds.items():
            run = partial(step, way, adapter, x, h)
            work = lambda run=run: [run() for _ in range(STEPS)]  # noqa: E731
            found.append(timed(work, 'cpu') / STEPS)
    ratios = [a / b for a, b in zip(seconds[folded], seconds[equation], strict=True)]
    quartiles = statistics.quantiles(ratios, n=4)
    took = {way.__name__: statistics.median(seconds[way]) * 1e3 for way in seconds}
    print(', '.join(f'{name} {took[name]:.2f} ms' for name in took))
    print(
        f'ratio {statistics.median(ratios):.3f}, quartiles {quartiles[0]:.3f}-'
        f'{quartiles[2]:.3f}, {args.rounds} rounds, torch {torch.__version__}'
    )


if __name__ == '__main__':
    launch.run(main)
