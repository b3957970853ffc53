"""What a config costs before it is run: parameters, operations, memory, time.

    python tools/analysis/cost.py configs/adaptformer_cifar100.py
    python tools/analysis/cost.py CONFIG --methods adaptformer-64 full --batch 8 --amp

Full fine-tuning, linear probing, VPT and the config's own adapter run a few steps on
random inputs of the config's shape with a random trunk: neither weights nor data have
to be there. Beside each number stands the least that the arithmetic allows.
"""

from __future__ import annotations

import multiprocessing
import sys
from argparse import ArgumentParser, Namespace
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools' / part) for part in ('analysis', 'benchmarks', '')]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from compare.methods import METHODS
from costs.measure import Cost, Request, measure
from costs.models import OWN, config_of
from costs.report import markdown

from mmadapt import launch
from mmadapt.arguments import OptionAction
from mmadapt.errors import ConfigError


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='What a config costs, method by method.')
    parser.add_argument('config', type=Path, help='config file')
    parser.add_argument(
        '--methods',
        nargs='+',
        default=['full', 'linear', 'vpt', OWN],
        metavar='NAME',
        help=f'{OWN} (its own adapter), {", ".join(METHODS)}, vpt-N '
        '(default: full linear vpt config)',
    )
    parser.add_argument('--batch', type=int, default=2, help='samples a step (2)')
    parser.add_argument('--iterations', type=int, default=3, help='steps timed (3)')
    parser.add_argument('--size', type=int, help="pixels; else the backbone's")
    parser.add_argument('--frames', type=int, help="of a clip; else the backbone's")
    parser.add_argument(
        '--classes', type=int, help='where neither the config nor data tell'
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision, bfloat16')
    parser.add_argument(
        '--device', default='cuda' if torch.cuda.is_available() else 'cpu'
    )
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--cfg-options', nargs='+', action=OptionAction)
    args = parser.parse_args(argv)
    for name in ('batch', 'iterations', 'size', 'frames', 'classes', 'threads'):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f'--{name} {value}: a whole number from 1 on')
    if args.batch < 2:
        parser.error('--batch 1: the BatchNorm of the heads needs two samples')
    return args


def as_request(args: Namespace) -> Request:
    """What the command line asks for."""
    return Request(
        config=args.config,
        options=args.cfg_options,
        num_classes=args.classes,
        batch=args.batch,
        size=args.size,
        frames=args.frames,
        iterations=args.iterations,
        device=args.device,
        amp=args.amp,
        threads=args.threads,
    )


def apart(request: Request, method: str) -> Cost:
    """Measure in a process of its own, so that its peak is the method's."""
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(measure, request, method).result()


def no_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out; a CPU's comes as a RuntimeError."""
    # A process that the system has ended for its memory says nothing itself.
    kinds = (MemoryError, torch.OutOfMemoryError, BrokenProcessPool)
    texts = ('DefaultCPUAllocator', 'out of memory', 'ALLOC_FAILED')
    return isinstance(error, kinds) or any(text in str(error) for text in texts)


def main() -> None:
    """Print the table."""
    args = parse_args()
    request = as_request(args)
    for method in args.methods:  # what is wrong with one, before minutes are spent
        config_of(request.config, method, request.options, request.num_classes)
    costs, refused = [], []
    for method in args.methods:
        print(f'{method} ...', file=sys.stderr, flush=True)
        try:
            costs.append(apart(request, method))
        except ConfigError as error:  # prompts have no place in a Swin, say
            refused.append(f'{method} is refused: {error}')
        except (MemoryError, RuntimeError) as error:
            if not no_memory(error):
                raise
            refused.append(
                f'{method} did not fit into memory, or its process was ended: '
                f'{str(error) or type(error).__name__} (--batch, --size and --frames '
                'make it smaller)'
            )
    if not costs:
        raise ConfigError(' '.join(refused))
    print('\n\n'.join([markdown(costs, request), *refused]))


if __name__ == '__main__':
    launch.run(main)
