"""Score a task file or any checkpoint: ``python tools/test.py CONFIG CHECKPOINT``."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import mmengine
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[1]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

# Before a config is read: a base of another package needs the workarounds of mmadapt.
from mmadapt import launch
from mmadapt.apis.meta import check_classes
from mmadapt.arguments import (
    add_shared_arguments,
    loader_defaults,
    read_shared,
)
from mmadapt.config import resolve_config
from mmadapt.config.testing import add_dump, add_tta, show_results
from mmadapt.errors import ConfigError

TEXT = ('.json', '.yaml', '.yml', '.pkl')
"""What MMEngine writes metrics as."""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Test a model.')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='task file, or any checkpoint')
    parser.add_argument('--out', help='file for the results (see --out-item)')
    parser.add_argument(
        '--out-item',
        choices=['metrics', 'pred'],
        help='what --out holds: predictions (.pkl, the default) or metrics (.json ...)',
    )
    parser.add_argument('--dump', help='file for the predictions (.pkl)')
    parser.add_argument('--show-dir', help='folder for pictures of the predictions')
    parser.add_argument('--show', action='store_true', help='show them in a window')
    parser.add_argument('--interval', type=int, default=1, help='show every Nth sample')
    parser.add_argument(
        '--wait-time', type=float, default=2, help='seconds that a window stays'
    )
    parser.add_argument(
        '--tta',
        action='store_true',
        help="test-time augmentation: the config's tta_model and tta_pipeline, or, "
        'for images, the average with the flipped image',
    )
    add_shared_arguments(parser)
    return parser.parse_args(argv)


def merge_args(cfg: Config, args: Namespace) -> Config:
    """Apply the arguments of testing to a config.

    Raises:
        ConfigError: An argument that can't be obeyed.
    """
    if not Path(args.checkpoint).is_file():
        raise ConfigError(f'checkpoint {args.checkpoint}: no such file.')
    if args.out_item and not args.out:
        raise ConfigError(f'--out-item {args.out_item} needs --out FILE.')
    if args.out_item == 'metrics' and Path(args.out).suffix not in TEXT:
        raise ConfigError(
            f'--out {args.out} --out-item metrics: a name that ends with one of '
            f'{", ".join(TEXT)}.'
        )
    cfg.load_from = args.checkpoint
    cfg.resume = False
    if args.amp:
        launch.use_amp_in_test(cfg)
    if args.show or args.show_dir is not None:
        show_results(cfg, args.show, args.show_dir, args.interval, args.wait_time)
    for file in {args.dump, args.out if args.out_item != 'metrics' else None} - {None}:
        add_dump(cfg, file)
    if args.tta:
        add_tta(cfg)
    loader_defaults(cfg, args)
    return cfg


def main() -> None:
    """Test as the command line says."""
    args = parse_args()
    cfg = merge_args(read_shared(args), args)
    runner = launch.build_runner(resolve_config(cfg, 'test'))
    with launch.first_steps(runner):
        check_classes(args.checkpoint, runner.test_loop.dataloader.dataset)
        metrics = runner.test()
    if args.out_item == 'metrics':
        mmengine.dump(metrics, args.out)


if __name__ == '__main__':
    launch.run(main)
