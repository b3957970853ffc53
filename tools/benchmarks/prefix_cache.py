"""An epoch from kept activations beside one that computes them, in turns.

    python tools/benchmarks/prefix_cache.py --layers none --batch 256
    python tools/benchmarks/prefix_cache.py --layers 3 --against all --batch 16

Ordinary runs of an image ViT on random photos without augmentation. ``--layers`` says
in how many of the last blocks adapters stand in the run that keeps activations, none is
linear probing; ``--against`` those of the run beside it. CPU time of the process, of
training epochs alone, data included; on a GPU the time that passes.
"""

from __future__ import annotations

import statistics
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from PIL import Image

from mmadapt import launch
from mmadapt.config import load_config, resolve_config

PIPELINE = [
    {'type': 'LoadImageFromFile'},
    {'type': 'Resize', 'scale': 224},
    {'type': 'PackInputs'},
]


class EpochTime(Hook):
    """Seconds of each training epoch."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def now(self) -> float:
        """The clock."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
            return time.perf_counter()
        return time.process_time()

    def before_train_epoch(self, runner: Runner) -> None:
        """Start the clock."""
        self.start = self.now()

    def after_train_epoch(self, runner: Runner) -> None:
        """Stop it."""
        self.seconds.append(self.now() - self.start)


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='An epoch with and without the cache.')
    parser.add_argument('--arch', default='base', help='of the ViT (base)')
    parser.add_argument('--layers', default='none', help='none, or last blocks, kept')
    parser.add_argument('--against', help='none, all, or last blocks (as --layers)')
    parser.add_argument('--samples', type=int, default=256, help='photos (256)')
    parser.add_argument('--val', type=int, default=32, help='to validate on (32)')
    parser.add_argument('--batch', type=int, default=256, help='photos a step (256)')
    parser.add_argument('--rounds', type=int, default=2, help='pairs of runs (2)')
    return parser.parse_args(argv)


def adapter(layers: str) -> dict[str, Any] | None:
    """The adapter of ``--layers``."""
    if layers == 'none':
        return None
    where: Any = 'all' if layers == 'all' else list(range(-int(layers), 0))
    return {'type': 'AdaptMLP', 'bottleneck': 64, 'layers': where}


def write_photos(folder: Path, count: int, val: int) -> None:
    """Random photos of two classes that differ in brightness."""
    generator = np.random.default_rng(0)
    for split, number in (('train', count), ('val', val)):
        for index in range(number):
            place = folder / split / str(index % 2)
            place.mkdir(parents=True, exist_ok=True)
            pixels = generator.integers(0, 160, (224, 224, 3)) + 90 * (index % 2)
            image = Image.fromarray(pixels.astype(np.uint8))
            image.save(place / f'{index}.jpg', quality=95)


def config(
    args: Namespace, folder: Path, layers: str, kept: bool, epochs: int
) -> Config:
    """A run on the photos."""
    cfg = load_config(ROOT / 'configs' / 'adaptformer_image_folder.py')
    cfg.data_root, cfg.arch = str(folder / 'photos'), args.arch
    cfg.model.backbone.init_cfg = {'type': 'RandomTrunk', 'seed': 0}
    cfg.model.backbone.adapter = adapter(layers)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.batch_size, loader.num_workers = args.batch, 0
        loader.dataset.pipeline = PIPELINE
    cfg.train_cfg.max_epochs = cfg.train_cfg.val_interval = epochs
    cfg.default_hooks.checkpoint = None
    if kept:
        cache = {'type': 'PrefixCacheHook', 'folder': str(folder / 'kept')}
        cfg.default_hooks.prefix_cache = cache
    cfg.work_dir, cfg.log_level = str(folder / 'work'), 'ERROR'
    cfg.experiment_name = f'{layers}-{kept}-{time.time_ns()}'
    return resolve_config(cfg)


def run(cfg: Config) -> tuple[float, float, Runner]:
    """Seconds of an epoch, the median, seconds before the first, and the run."""
    clock = EpochTime()
    runner = Runner.from_cfg(cfg)
    runner.register_hook(clock, 'VERY_LOW')
    start = clock.now()
    runner.train()
    return statistics.median(clock.seconds), clock.start - start, runner


def score(runner: Runner) -> float:
    """Top-1 on the validation photos, percent."""
    return float(runner.message_hub.get_scalar('val/accuracy/top1').current())


def main() -> None:
    """Print seconds, ratios and scores."""
    args = parse_args()
    against = args.against or args.layers
    ratios = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_photos(folder / 'photos', args.samples, args.val)
        for number in range(args.rounds):
            plain, _, whole = run(config(args, folder, against, False, 1))
            kept, before, cached = run(config(args, folder, args.layers, True, 1))
            ratios.append(plain / kept)
            print(
                f'round {number}: {plain:.2f} s an epoch ({against}), {kept:.3f} s '
                f'from kept activations ({args.layers}); ratio {plain / kept:.1f}; '
                f'top-1 {score(whole):.2f} and {score(cached):.2f}; before the first '
                f'epoch {before:.1f} s',
                flush=True,
            )
    print(f'ratio {statistics.median(ratios):.1f}, median of {args.rounds} rounds')


if __name__ == '__main__':
    launch.run(main)
