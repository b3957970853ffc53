"""What faults do: runs are killed and files are broken, and every outcome is counted.

    python tools/benchmarks/faults.py --kills 60 --files 500 --seed 0

prints a table in Markdown and ends with status 1 where a row that has to be empty isn't
(silent, hung, an exception that isn't ours, code executed, lost). The same seed makes
the same faults, but for the moment at which a signal arrives.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

import torch
from faults.kills import kill_runs
from faults.outcome import Record, failures, markdown

import mmadapt  # noqa: F401  (before anything reads a config)


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Break runs and files, and count what happens.')
    parser.add_argument('--kills', type=int, default=0, help='runs to disturb')
    parser.add_argument('--files', type=int, default=0, help='files to break')
    parser.add_argument('--seed', type=int, default=0, help='of all faults (0)')
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/faults'), help='where to work'
    )
    parser.add_argument('--out', type=Path, help='JSON file for every single record')
    args = parser.parse_args(argv)
    if min(args.kills, args.files) < 0 or args.kills + args.files < 1:
        parser.error('--kills N and --files N: how many; nothing to do.')
    return args


def records(args: Namespace) -> Iterator[Record]:
    """All faults, one after another."""
    if args.kills:
        yield from kill_runs(args.work_dir.resolve() / 'kills', args.kills, args.seed)
    if args.files:
        from faults.files import break_files

        folder = args.work_dir.resolve() / 'files'
        yield from break_files(folder, args.files, args.seed)


def main(argv: list[str] | None = None) -> None:
    """Run the campaign and print its table."""
    args = parse_args(argv)
    torch.set_num_threads(1)  # a thread pool does not survive a fork
    found = []
    for record in records(args):
        found.append(record)
        print(
            f'{len(found)}. {record.kind}, {record.fault}: {record.outcome.value}'
            f' ({record.detail})',
            file=sys.stderr,
            flush=True,
        )
    print(markdown(found))
    if args.out:
        rows = [{**asdict(one), 'outcome': one.outcome.value} for one in found]
        args.out.write_text(json.dumps(rows, indent=1))
    if failures(found):
        sys.exit(1)


if __name__ == '__main__':
    main()
