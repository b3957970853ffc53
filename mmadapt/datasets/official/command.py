"""The command line that the tools for official datasets share."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from ...errors import ConfigError
from .findings import Findings

__all__ = ['parse_args', 'prepare_and_check']


def parse_args(
    description: str, out: str, parser: ArgumentParser | None = None
) -> Namespace:
    """Read ``SOURCE --out FOLDER [--check-only]`` from the command line.

    Args:
        description: First line of the help.
        out: The default of ``--out``, the config's data_root.
        parser: One with arguments of a tool's own.

    Returns:
        ``source``, ``out``, ``workers``, and ``findings`` that write into the list of
        faults; ``source`` is None where there is nothing to prepare.

    Raises:
        ConfigError: Neither a source nor ``--check-only``, or both.
    """
    parser = parser or ArgumentParser()
    parser.description = description
    parser.add_argument('source', nargs='?', type=Path, help='folder of the download')
    parser.add_argument(
        '--out', type=Path, default=Path(out), help=f'data_root of the config ({out})'
    )
    parser.add_argument(
        '--check-only', action='store_true', help='check what is in --out already'
    )
    parser.add_argument(
        '--workers', type=int, default=4, help='threads that decode photos'
    )
    parser.add_argument(
        '--problems', type=Path, help='list of faults (problems.txt in --out)'
    )
    args = parser.parse_args()
    if args.check_only == (args.source is not None):
        raise ConfigError(
            'give the folder of the download to prepare it, or --check-only to check '
            'what is in --out; one of the two.'
        )
    if args.source is not None and not args.source.exists():
        raise ConfigError(f'{args.source}: no such file or folder.')
    args.findings = Findings(args.problems or args.out / 'problems.txt')
    return args


def prepare_and_check(
    args: Namespace,
    prepare: Callable[[Path, Namespace], None],
    check: Callable[[Namespace], None],
) -> None:
    """Do what the command line asks for.

    Args:
        args: What :func:`parse_args` returned.
        prepare: Makes ``args.out`` from a download.
        check: Checks ``args.out``, adding to ``args.findings``.

    Raises:
        DataError: Something is missing or broken.
    """
    if args.source is not None:
        prepare(args.source, args)
    check(args)
    args.findings.finish()
