"""Which configs of the installed model zoos take adapters, family by family.

    python tools/analysis/zoo_coverage.py
    python tools/analysis/zoo_coverage.py --only SwinTransformer --verbose
    python tools/analysis/zoo_coverage.py --markdown docs/backbones.md

Each config of MMPretrain's and MMAction2's zoos whose backbone is a transformer is
built, without weights and without storage where that works, as
``AdaptedBackbone(backbone=..., adapter=dict(bottleneck=64))``. The table counts what
was adapted, which is an adapter in every block with an MLP, what was adapted in part,
and what was refused, with the reasons. ``--markdown`` writes it into a page, between
the two lines that mark its place.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'analysis'))
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from zoo.build import Coverage
from zoo.configs import FAMILIES, find_configs
from zoo.report import crashes, markdown, write_into

import mmadapt  # noqa: F401  (before anything reads a config)
from mmadapt import launch
from mmadapt.errors import ConfigError, did_you_mean


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Adapt the configs of the model zoos.')
    parser.add_argument('--only', metavar='FAMILY', help='one class of backbones')
    parser.add_argument('--verbose', action='store_true', help='a line for each config')
    parser.add_argument(
        '--markdown', metavar='FILE', type=Path, help='write the table into this page'
    )
    return parser.parse_args(argv)


def check_args(args: Namespace) -> None:
    """Refuse what would be found out after minutes.

    Raises:
        ConfigError: An unknown family, or a page of one family.
    """
    known = sorted({name for names in FAMILIES.values() for name in names})
    if args.only is not None and args.only not in known:
        raise ConfigError(
            f'--only {args.only} is no family; there are {", ".join(known)}.'
            f'{did_you_mean(args.only, known)}'
        )
    if args.markdown is not None and args.only is not None:
        raise ConfigError('--markdown wants the whole table: leave --only out.')


def main() -> None:
    """Go through the zoos, and print the table."""
    args = parse_args()
    check_args(args)
    configs = find_configs()
    if not configs:
        raise ConfigError('neither mmpretrain nor mmaction2 is installed with its zoo.')
    coverage = Coverage()
    for number, (package, file) in enumerate(configs, 1):
        row = coverage.add(package, file, args.only)
        if args.verbose and row is not None:
            print(f'{package} {file.name}: {row}', flush=True)
        elif number % 50 == 0:
            print(f'{number} of {len(configs)} configs', file=sys.stderr, flush=True)
    table = markdown(coverage)
    print(table)
    if args.markdown is not None:
        write_into(args.markdown, table)
    if found := crashes(coverage):
        sys.exit(f'{found} configs ended in an error that is not ours.')


if __name__ == '__main__':
    launch.run(main)
