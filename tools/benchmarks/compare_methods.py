"""Table 1 of the paper for any data: full, linear, VPT and AdaptFormer-1/4/64.

    python tools/benchmarks/compare_methods.py CONFIG [CONFIG ...] --seeds 3 --epochs 20

Every method is trained by tools/train.py on the data and by the recipe of the config;
the last epoch is scored. A warm-up in epochs is shortened with the training, in
proportion. With ``--rates`` the learning rate of each method is chosen
first, on a held-out part of the training set, never on the validation set. What is
done is kept: after an interruption the same command goes on, in the middle of a
training too.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from common.steps import StepError, Steps
from compare.methods import METHODS, Method, find_method, write_config
from compare.plots import plot_curves, plot_scores
from compare.report import collect, markdown, rates_markdown, write_csv
from compare.runs import Run, Settings, best_rate
from compare.schedule import fitted_warmup

import mmadapt  # noqa: F401  (before anything reads a config)
from mmadapt import launch


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Compare methods on the data of a config.')
    parser.add_argument('configs', nargs='+', type=Path, metavar='CONFIG')
    parser.add_argument('--seeds', type=int, default=3, help='trainings a method (3)')
    parser.add_argument('--epochs', type=int, default=20, help='of each training (20)')
    parser.add_argument(
        '--methods',
        nargs='+',
        default=list(METHODS),
        metavar='NAME',
        help=f'{", ".join(METHODS)} (all of them), or vpt-N for N prompts',
    )
    parser.add_argument(
        '--rates',
        nargs='+',
        type=float,
        default=[],
        metavar='LR',
        help='learning rates to choose from, for each method; else the config says',
    )
    parser.add_argument(
        '--full-rates',
        nargs='+',
        type=float,
        metavar='LR',
        help='those of full fine-tuning, which bears lower ones only (as --rates)',
    )
    parser.add_argument(
        '--holdout',
        type=float,
        default=0.2,
        help='share of the training set that the rates are chosen on (0.2)',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    parser.add_argument('--jobs', type=int, default=1, help='trainings at once (1)')
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/compare_methods')
    )
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], help='options of every training'
    )
    args = parser.parse_args(argv)
    for name in ('seeds', 'epochs', 'jobs'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} {getattr(args, name)}: a whole number from 1 on')
    if not 0 < args.holdout < 1:
        parser.error(f'--holdout {args.holdout}: a share between 0 and 1')
    stems = [config.stem for config in args.configs]
    if len({*stems}) < len(stems):
        parser.error(
            f'{", ".join(map(str, args.configs))}: results lie in a folder named like '
            'the config, so the names have to differ. Rename one, or give each a '
            '--work-dir and a command of its own.'
        )
    return args


class Comparison:
    """All methods on the data of one config.

    Args:
        config: The config.
        args: The command line.
    """

    def __init__(self, config: Path, args: Namespace) -> None:
        self.args = args
        self.config = config
        self.root = args.work_dir / config.stem
        self.settings = Settings(
            args.epochs,
            args.amp,
            tuple(args.cfg_options),
            fitted_warmup(config, args.epochs),
        )
        self.methods = [find_method(name) for name in dict.fromkeys(args.methods)]
        for method in self.methods:
            write_config(config, method, self.file(method))

    def file(self, method: Method) -> Path:
        """Where the config of a method is written."""
        return self.root / 'configs' / f'{method.name}.py'

    def new_run(
        self, method: Method, seed: int, rate: float | None, holdout: float = 0.0
    ) -> Run:
        """One training, in a folder of its own."""
        kind = f'lr{rate:g}' if holdout else f'seed{seed}'
        folder = self.root / method.name / kind
        config = self.file(method)
        return Run(method, seed, rate, folder, config, self.settings, holdout)

    def train(self, runs: list[Run]) -> Steps:
        """Run what isn't done yet."""
        own = os.environ.get('OMP_NUM_THREADS', '')
        share = max(1, (os.cpu_count() or 1) // self.args.jobs)
        threads = int(own) if own.isdecimal() else share
        steps = Steps(
            [run.step() for run in runs], self.root / 'steps', self.args.jobs, threads
        )
        steps.run()
        return steps

    def choose(self) -> dict[Method, float | None]:
        """The learning rate of each method, from the held-out part."""
        runs = {
            method: [
                self.new_run(method, 0, rate, self.args.holdout)
                for rate in self.rates(method)
            ]
            for method in self.methods
        }
        tried = {method: some for method, some in runs.items() if len(some) > 1}
        if tried:
            self.train([run for some in tried.values() for run in some])
            table = rates_markdown(list(tried.values()))
            (self.root / 'rates.md').write_text(f'{table}\n')
            print(f'\n{table}\n')
        return {
            method: best_rate(some) if len(some) > 1 else next(iter(rates), None)
            for method, some in runs.items()
            for rates in [self.rates(method)]
        }

    def rates(self, method: Method) -> list[float]:
        """Learning rates to choose from; none where the config's is taken."""
        full = self.args.full_rates if method.name == 'full' else None
        return list(full or self.args.rates)

    def run(self) -> None:
        """Choose, train, and write the table and both plots."""
        rates = self.choose()
        runs = [
            self.new_run(method, seed, rates[method])
            for method in self.methods
            for seed in range(self.args.seeds)
        ]
        steps = self.train(runs)
        rows = collect(runs, {run.name: steps.measured(run.name) for run in runs})
        table = markdown(rows)
        (self.root / 'results.md').write_text(f'{table}\n')
        write_csv(rows, self.root / 'results.csv')
        plot_scores(rows, self.root / 'scores.png')
        plot_curves(runs, self.root / 'curves.png')
        print(f'\n{self.config}, last of {self.args.epochs} epochs:\n\n{table}\n')
        print(f'Written: {self.root}/results.md, results.csv, scores.png, curves.png.')


def main() -> None:
    """Compare on every config."""
    args = parse_args()
    try:
        for comparison in [Comparison(config, args) for config in args.configs]:
            comparison.run()
    except StepError as error:
        sys.exit(f'\n{error}')
    except KeyboardInterrupt:
        sys.exit('\nStopped. What is done is kept: the same command goes on from here.')


if __name__ == '__main__':
    launch.run(main)
