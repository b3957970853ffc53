"""Look at all the data of a config before it is trained on.

    python tools/data/check_dataset.py CONFIG --cfg-options data_root=FOLDER

Reads the lists of all dataloaders, and every file to its end, in several processes; a
decoder that crashes or hangs is a fault of the file. Ends with 1 where something has
to be mended. Nothing is changed; no trunk is needed.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

# Before a config is read: a base of another package needs the workarounds of mmadapt.
from mmadapt import launch
from mmadapt.arguments import OptionAction
from mmadapt.config import load_config, merge_options
from mmadapt.config.parts import Part, read_parts
from mmadapt.datasets.data_faults import Finding, find_faults, find_oddities
from mmadapt.datasets.data_files import look_at_files
from mmadapt.datasets.video_lists import check_workers, write_whole
from mmadapt.errors import ConfigError, DataError

SHOWN = 20
"""Findings of one sort that are printed; all of them are in --report."""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Check the data of a config.')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=OptionAction,
        metavar='KEY=VALUE',
        help='change the config: data_root=FOLDER split=NAME',
    )
    parser.add_argument(
        '--workers', type=int, default=os.cpu_count() or 1, help='processes at once'
    )
    parser.add_argument(
        '--seconds', type=float, default=300, help='as long as one file may take'
    )
    parser.add_argument(
        '--no-decode', action='store_true', help='read the lists, open no file'
    )
    parser.add_argument(
        '--report', type=Path, help='file for all findings, tabs between their parts'
    )
    return parser.parse_args(argv)


def main() -> None:
    """Check, print a table and what was found.

    Raises:
        ConfigError: An argument that can't be obeyed.
        DataError: Something has to be mended.
    """
    args = parse_args()
    check_workers(args.workers)
    if args.seconds <= 0:
        raise ConfigError(f'--seconds {args.seconds:g}: a number above 0.')
    cfg = load_config(args.config)
    merge_options(cfg, args.cfg_options)
    parts = read_parts(cfg)
    files = {
        path: part.kind
        for part in parts
        for path in part.files
        if path is not None and not args.no_decode
    }
    whole, broken = look_at_files(files, args.workers, args.seconds)
    faults = list(find_faults(parts, whole, broken))
    oddities = list(find_oddities(parts, whole))
    show_table(parts, broken)
    show('odd, and no fault', oddities)
    show('to be mended', faults)
    if args.report is not None:
        lines = [('mend', *fault) for fault in faults]
        lines += [('odd', *oddity) for oddity in oddities]
        text = ['\t'.join(' '.join(x.split()) for x in line) + '\n' for line in lines]
        write_whole(args.report, ''.join(text))
    if faults:
        where = f', all of them in {args.report}' if args.report else ''
        number = '1 fault' if len(faults) == 1 else f'{len(faults):,} faults'
        raise DataError(f'{number} in the data of {args.config}{where}.')
    looked = '' if args.no_decode else f', {len(whole):,} files read to their end'
    print(f'nothing to be mended{looked}')


def show_table(parts: Sequence[Part], broken: dict[str, str]) -> None:
    """One line a part of the data."""
    row = '{:<12} {:>10} {:>8} {:>10} {:>10} {:>8}'
    print(row.format('part', 'samples', 'classes', 'fewest', 'most', 'broken'))
    for part in parts:
        counts = Counter(label for labels in part.labels for label in labels)
        each = [counts[label] for label in range(len(part.classes))]
        each = each or list(counts.values()) or [0]
        lost = sum(path in broken for path in part.files)
        numbers = (len(part.labels), len(each), min(each), max(each), lost)
        print(row.format(part.name, *(f'{number:,}' for number in numbers)))


def show(title: str, findings: Sequence[Finding]) -> None:
    """The first findings of a sort."""
    if not findings:
        return
    print(f'\n{title}: {len(findings)}')
    for part, place, reason in findings[:SHOWN]:
        named = place in reason or repr(place)[1:-1] in reason or place == 'list'
        print(f'  {part}: {reason}' if named else f'  {part}: {place}: {reason}')
    if len(findings) > SHOWN:
        print(f'  and {len(findings) - SHOWN} more; --report FILE names all of them')


if __name__ == '__main__':
    launch.run(main)
