"""A training step of a ViT-B with adapters in every way that it can be run, in turns.

    python tools/benchmarks/train_step.py --sample video --rounds 3
    python tools/benchmarks/train_step.py --sample image --variants official plain full
    python tools/benchmarks/train_step.py --sample video --rounds 0 --peak

Every round runs each variant once, each from another one on; ratios are those of a
round, to the first variant named. Quickest is the ratio of the quickest steps of all
rounds, of which the share of the limit is too: neighbours on a shared machine make a
step slower and never quicker. CPU time of the process, or the device's own clock.
Nothing is loaded: weights, images and clips are random.
"""

from __future__ import annotations

import dataclasses
import statistics
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools' / part) for part in ('analysis', 'benchmarks')]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from mmadapt import launch  # isort: skip - it makes what the others import importable

from train_steps.measure import in_turns, peaks
from train_steps.shape import SAMPLES, Shape, fewest
from train_steps.variants import BOTTLENECK, VARIANTS, names_for

HEAD = (
    'step',
    'time',
    'least and most',
    'quickest',
    'kept MB',
    'peak MB',
    'share of the limit',
)


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Time and memory of a training step.')
    parser.add_argument('--sample', choices=list(SAMPLES), default='video')
    parser.add_argument('--variants', nargs='+', choices=list(VARIANTS), metavar='NAME',
                        help=f'of {", ".join(VARIANTS)}; the first is the baseline'
                        ' (all but those that compile)')  # fmt: skip
    parser.add_argument('--batch', type=int, help='samples a step (image 2, video 1)')
    parser.add_argument('--depth', type=int, default=12, help='blocks of video (12)')
    parser.add_argument('--rounds', type=int, default=3, help='0 times nothing (3)')
    parser.add_argument('--peak', action='store_true', help='peak memory, apart')
    parser.add_argument(
        '--device', default='cuda' if torch.cuda.is_available() else 'cpu'
    )
    args = parser.parse_args(argv)
    if args.rounds < 0 or args.depth < 1 or (args.batch or 1) < 1:
        parser.error('--rounds from 0 on, --batch and --depth from 1 on')
    return args


def table(
    names: list[str],
    shape: Shape,
    seconds: dict[str, list[float]],
    rates: dict[str, list[float]],
    kept: dict[str, int],
    most: dict[str, int],
) -> str:
    """The measurements as Markdown; what wasn't measured is empty."""
    rows = [HEAD, ('---',) * len(HEAD)]
    base = names[0]
    for name in names:
        variant = VARIANTS[name]
        row = [variant.says, *[''] * (len(HEAD) - 1)]
        if kept:
            row[4] = f'{kept[name] / 1e6:.1f} ({kept[name] / max(kept[base], 1):.2f})'
        if most:
            row[5] = f'{most[name] / 1e6:.0f}'
        if seconds[name]:
            pairs = zip(seconds[name], seconds[base], strict=True)
            ratios = [own / other for own, other in pairs]
            row[1] = f'{statistics.median(ratios):.3f}'
            row[2] = f'{min(ratios):.3f}-{max(ratios):.3f}'
            row[3] = f'{min(seconds[name]) / min(seconds[base]):.3f}'
            row[6] = f'{share(name, shape, seconds[name], rates):.2f}'
        rows.append(tuple(row))
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)


def share(
    name: str, shape: Shape, seconds: list[float], rates: dict[str, list[float]]
) -> float:
    """The fewest operations at the rate of a product, by the time; both quickest."""
    variant = VARIANTS[name]
    blocks = min(variant.layers, shape.depth)
    work = fewest(shape, blocks, BOTTLENECK, variant.attention, variant.full)
    rate = max(rates['bfloat16' if variant.bf16 else 'float32'])
    return work / rate / min(seconds)


def setting(args: Namespace, shape: Shape, seconds: dict[str, list[float]]) -> str:
    """What the table is of."""
    where = (
        f'{torch.get_num_threads()} thread of a CPU'
        if args.device == 'cpu'
        else torch.cuda.get_device_name(args.device)
    )
    first = next(iter(seconds.values()))
    took = f' The first takes {statistics.median(first):.2f} s.' if first else ''
    return (
        f'{args.sample}, {shape.tokens} tokens, {shape.batch} a step, {args.rounds} '
        f'rounds, {where}, torch {torch.__version__}.{took}'
    )


def main() -> None:
    """Print the table."""
    args = parse_args()
    shape = SAMPLES[args.sample]
    shape = dataclasses.replace(
        shape, batch=args.batch or shape.batch, depth=args.depth if shape.frames else 12
    )
    names = args.variants or names_for(shape)
    most = peaks(names, shape, args.device) if args.peak else {}
    measured = in_turns(names, shape, args.device, args.rounds)
    print(table(names, shape, *measured, most))
    print(f'\n{setting(args, shape, measured[0])}')


if __name__ == '__main__':
    launch.run(main)
