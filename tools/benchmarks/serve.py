"""Predictions of several tasks on one trunk, against those of as many models.

    python tools/benchmarks/serve.py --tasks 4 --rounds 6

A ViT-B reads a photo for each task, and one photo for all tasks, with adapters in all
blocks, in the last 6 and 3, and in none. All ways run in turns; ratios are those of a
round, CPU time of the process, or the device's own clock. Numbers are compared first.
Nothing is loaded: weights and photos are random.
"""

from __future__ import annotations

import copy
import statistics
import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools' / part) for part in ('analysis', 'benchmarks')]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from mmadapt import launch  # isort: skip - it makes what the others import importable

from train_steps.measure import timed
from train_steps.shape import SAMPLES
from train_steps.variants import Variant, adapted

from mmadapt.apis.routed import RoutedBackbone

LAYERS = (12, 6, 3, 0)


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Predictions of several tasks on one trunk.')
    parser.add_argument('--tasks', type=int, default=4, help='how many (4)')
    parser.add_argument('--rounds', type=int, default=6, help='of all ways (6)')
    parser.add_argument(
        '--device', default='cuda' if torch.cuda.is_available() else 'cpu'
    )
    args = parser.parse_args(argv)
    if args.tasks < 2 or args.rounds < 1:
        parser.error('--tasks: 2 or more, --rounds: 1 or more')
    return args


def backbones(layers: int, tasks: int, device: str) -> list[nn.Module]:
    """Backbones of one trunk, each with adapters of its own in the last blocks."""
    first = adapted(Variant('', layers=layers), SAMPLES['image']).to(device).eval()
    made = [first, *(copy.deepcopy(first) for _ in range(1, tasks))]
    trunk = {n: p for n, p in first.named_parameters() if not p.requires_grad}
    for model in made:
        for name, parameter in model.named_parameters():
            if name in trunk:
                parameter.data = trunk[name].data
            else:
                nn.init.normal_(parameter, std=0.02)
    return made


def bytes_of(models: list[nn.Module]) -> tuple[int, int]:
    """Of all parameters, and of those of one trunk and all tasks."""
    alone = sum(p.nbytes for model in models for p in model.parameters())
    places = {p.data_ptr(): p.nbytes for m in models for p in m.parameters()}
    return alone, sum(places.values())


@torch.no_grad()
def in_turn(models: list[nn.Module], x: Tensor, rows: list[int]) -> Tensor:
    """Each task's own backbone, on its own row."""
    pairs = zip(models, rows, strict=True)
    return torch.cat([model(x[row : row + 1])[-1] for model, row in pairs])


def together(routed: RoutedBackbone, x: Tensor, rows: list[int]) -> Tensor:
    """One pass for all."""
    features: Any = routed(x, rows, range(len(rows)))
    return features[-1]  # type: ignore[no-any-return]


def compare(layers: int, args: Namespace) -> None:
    """Print a row of the table for each of the two uses."""
    models = backbones(layers, args.tasks, args.device)
    alone, shared = bytes_of(models)
    tasks = RoutedBackbone(models, one_pass=False)
    mapped = RoutedBackbone(models, one_pass=True)
    photos = torch.randn(args.tasks, 3, 224, 224, device=args.device)
    uses = {
        'a photo for each task': list(range(args.tasks)),
        'a photo for all tasks': [0] * args.tasks,
    }
    for use, rows in uses.items():
        x = photos[: max(rows) + 1]
        ways = {
            'in turn': partial(in_turn, models, x, rows),
            'shared trunk': partial(together, tasks, x, rows),
            'one pass': partial(together, mapped, x, rows),
            'one task': partial(models[0], photos),
        }
        expected = ways['in turn']()
        for way in ('shared trunk', 'one pass'):
            error = float((ways[way]() - expected).norm() / expected.norm())
            if error > 1e-4:
                sys.exit(f'{way} differs by {error:.1e} of the norm')
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        names = list(ways)
        for number in range(args.rounds):
            for way in names[number % 4 :] + names[: number % 4]:
                with torch.no_grad():
                    seconds[way].append(timed(ways[way], args.device))
        ratios = [
            f'{statistics.median(ratio):.2f} [{min(ratio):.2f}, {max(ratio):.2f}]'
            for ratio in (
                [a / b for a, b in zip(seconds[way], seconds['in turn'], strict=True)]
                for way in names[1:]
            )
        ]
        took = 1000 * statistics.median(seconds['in turn'])
        print(
            f'| {layers} | {use} | {took:.0f} ms | {" | ".join(ratios)} | '
            f'{alone / 1e6:.0f} | {shared / 1e6:.0f} |',
            flush=True,
        )


def main() -> None:
    """Print the table."""
    args = parse_args()
    torch.manual_seed(0)
    print(
        f'{args.tasks} tasks, ViT-B, 197 tokens, {args.device}, '
        f'{torch.get_num_threads()} threads'
    )
    print(
        '| blocks with adapters | use | in turn | one trunk, task by task | one pass'
        ' | as many photos of one task | MB apart | MB on one trunk |'
    )
    print('|---|---|---|---|---|---|---|---|')
    for layers in LAYERS:
        compare(layers, args)


if __name__ == '__main__':
    launch.run(main)
