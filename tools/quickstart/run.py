"""The quickstart: data, pre-training, three methods on two tasks, a table, a plot.

    python tools/quickstart/run.py [--seeds N] [--fresh]

``bash tools/quickstart.sh`` does the set-up first. What is whole is not done again.
"""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common.steps import StepError, Steps
from plot import plot
from report import collect, markdown, remarks, write_csv
from tracks import ROOT, TRACKS, Run, all_runs, all_steps


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = argparse.ArgumentParser(
        description='AdaptFormer beside linear probing and full fine-tuning, on '
        'handwritten digits as images and as moving clips. No GPU, no download.'
    )
    parser.add_argument(
        '--seeds', type=int, default=1, help='trainings of each method (default: 1)'
    )
    parser.add_argument('--fresh', action='store_true', help='do everything again')
    parser.add_argument(
        '--jobs',
        type=int,
        default=min(2, os.cpu_count() or 1),
        help='processes at once, each with one thread (default: 2)',
    )
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=ROOT / 'work_dirs' / 'quickstart',
        help='where all files go (default: work_dirs/quickstart)',
    )
    args = parser.parse_args(argv)
    for name in ('seeds', 'jobs'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} {getattr(args, name)}: a whole number from 1 on')
    return args


def clear(root: Path) -> None:
    """Removes what an earlier quickstart wrote, and nothing else."""
    for name in ('data', 'steps', *TRACKS):
        shutil.rmtree(root / name, ignore_errors=True)
    for file in [*root.glob('trunk_*.pth'), *root.glob('results.*')]:
        file.unlink()


def show_predictions(runs: list[Run], steps: Steps) -> None:
    """Prints what tools/predict.py said, the first seed of each method."""
    for run in reversed(runs):  # from few trained parameters to many
        if run.seed == 0:
            sample = str(run.sample)
            log = steps.log(f'predict-{run.name}').read_text()
            print(f'\n{run.title}: {sample}{log.rpartition(sample)[2].rstrip()}')


def main() -> None:
    """Runs the steps, then prints and writes the table."""
    args = parse_args()
    started = time.monotonic()
    root = Path(os.path.relpath(args.work_dir, ROOT))
    os.chdir(ROOT)
    if args.fresh:
        clear(root)
    runs = all_runs(root, args.seeds)
    steps = Steps(all_steps(runs, root), root / 'steps', args.jobs)
    print(
        f'Quickstart: {len(steps.steps)} steps, {args.jobs} at once; about five '
        f'minutes on two cores with one seed. Logs: {root / "steps"}',
        flush=True,
    )
    try:
        steps.run()
    except StepError as error:
        sys.exit(f'\n{error}')
    except KeyboardInterrupt:
        sys.exit('\nStopped. What is done is kept: the same command goes on from here.')

    rows = collect(
        runs, {run.name: steps.cpu_seconds(f'train-{run.name}') for run in runs}
    )
    table, text = markdown(rows), remarks(rows)
    (root / 'results.md').write_text(f'{table}\n\n{text}\n')
    write_csv(rows, root / 'results.csv')
    plot(rows, root / 'results.png')
    show_predictions(runs, steps)
    print(f'\n{table}\n\n{text}\n')
    print(f'Written: {root / "results.md"}, results.csv and results.png beside it.')
    print(f'The quickstart took {time.monotonic() - started:.0f} s.')


if __name__ == '__main__':
    main()
