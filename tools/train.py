"""Train a model: ``python tools/train.py CONFIG [options]``."""

from __future__ import annotations

import sys
import warnings
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[1]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

# Before a config is read: a base of another package needs the workarounds of mmadapt.
from mmadapt import launch
from mmadapt.arguments import (
    add_shared_arguments,
    loader_defaults,
    read_shared,
)
from mmadapt.config import resolve_config
from mmadapt.errors import ConfigError
from mmadapt.randomness import check_randomness, make_deterministic
from mmadapt.weights.latest import find_latest


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Train a model.')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CKPT',
        help='go on from a file; without one from the last file of the work_dir',
    )
    parser.add_argument('--no-validate', action='store_true', help='no validation')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the batch (auto_scale_lr.base_batch_size)',
    )
    parser.add_argument('--seed', type=int, help='random seed')
    parser.add_argument(
        '--diff-rank-seed', action='store_true', help='another seed in each process'
    )
    parser.add_argument(
        '--deterministic',
        action='store_true',
        help='the same weights each time, bit by bit (seed 0 if there is none)',
    )
    add_shared_arguments(parser)
    return parser.parse_args(argv)


def last_checkpoint(work_dir: str) -> str | None:
    """The newest whole checkpoint of a work_dir, which may have been moved since.

    Warns where there is none; the run then starts from the beginning.

    Raises:
        TaskFileError: There are files, and none that a run can go on from.
    """
    file = find_latest(work_dir)
    if file is None:
        warnings.warn(
            f'--resume: {work_dir} has no checkpoint, so that there is nothing to '
            'resume; training starts from the beginning.',
            stacklevel=2,
        )
    return file


def merge_args(cfg: Config, args: Namespace) -> Config:
    """Apply the arguments of training to a config.

    Raises:
        ConfigError: An argument that the config has no place for.
    """
    check_randomness(cfg)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        launch.use_amp(cfg)
    if args.resume is not None:
        auto = args.resume == 'auto'
        if not auto and not Path(args.resume).is_file():
            raise ConfigError(f'--resume {args.resume}: no such file.')
        file = last_checkpoint(cfg.work_dir) if auto else args.resume
        cfg.resume = file is not None
        cfg.load_from = file
    if args.auto_scale_lr:
        if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
            raise ConfigError(
                '--auto-scale-lr needs the batch size that the learning rate is meant '
                'for: add auto_scale_lr = dict(base_batch_size=N) to the config.'
            )
        cfg.auto_scale_lr.enable = True
    randomness = dict(cfg.get('randomness') or {})
    if args.seed is not None:
        randomness['seed'] = args.seed
    if args.diff_rank_seed:
        randomness['diff_rank_seed'] = True
    if randomness:
        cfg.randomness = randomness
    if args.deterministic:
        make_deterministic(cfg)
    loader_defaults(cfg, args)
    return cfg


def main() -> None:
    """Train as the command line says."""
    args = parse_args()
    cfg = merge_args(read_shared(args), args)
    runner = launch.build_runner(resolve_config(cfg, 'train'))
    with launch.first_steps(runner):
        launch.check_loaders(runner)
        runner.train()


if __name__ == '__main__':
    launch.run(main)
