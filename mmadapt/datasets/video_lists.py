"""Lists of clips: written whole or not at all, with what is broken beside them."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..errors import ConfigError, DataError, StorageError
from .journal import JOURNAL
from .lists import fits_a_line, path_in
from .video_check import check_clips

__all__ = ['BROKEN', 'Clip', 'add_arguments', 'prepare_lists', 'write_list']

BROKEN = 'broken_clips.txt'
"""Where broken clips are named, a path, a tab and a reason a line."""


class Clip(NamedTuple):
    """A clip and its class.

    Attributes:
        file: Where it is.
        label: Its class.
    """

    file: Path
    label: int


def add_arguments(parser: ArgumentParser) -> None:
    """The options that preparing any data set of clips has."""
    parser.add_argument(
        '--out', type=Path, help='folder of the lists; that of the data'
    )
    add_work_arguments(parser)
    parser.add_argument(
        '--check-only', action='store_true', help='check everything, write no list'
    )
    parser.add_argument(
        '--no-decode', action='store_true', help='look for the clips, read no frame'
    )
    parser.add_argument(
        '--subset', action='store_true', help='accept other counts than published'
    )


def add_work_arguments(parser: ArgumentParser) -> None:
    """The options of any work on many clips."""
    parser.add_argument(
        '--workers', type=int, default=os.cpu_count() or 1, help='processes at once'
    )
    parser.add_argument(
        '--skip-broken', action='store_true', help='leave broken clips out of the lists'
    )


def check_workers(workers: int) -> None:
    """Refuse a number of processes that isn't one.

    Raises:
        ConfigError: Less than one.
    """
    if workers < 1:
        raise ConfigError(f'--workers {workers}: a whole number from 1 on.')


def prepare_lists(
    args: Namespace,
    out: Path,
    parts: Mapping[str, Sequence[Clip]],
    classes: Sequence[str],
) -> None:
    """Check clips, and write lists and ``classes.txt``.

    Args:
        args: What :func:`add_arguments` reads.
        out: Where the lists go.
        parts: Name of a list, such as ``'train.csv'``, to its clips.
        classes: Names, in label order.

    Raises:
        ConfigError: An argument that can't be obeyed.
        DataError: Clips are broken, and not to be skipped.
    """
    check_workers(args.workers)
    files = list(dict.fromkeys(clip.file for clips in parts.values() for clip in clips))
    journal = None if args.check_only else out / JOURNAL
    problems = check_clips(files, args.workers, not args.no_decode, journal)
    report_broken(out, problems, args.skip_broken, len(files))
    for name, clips in parts.items():
        left = [clip for clip in clips if clip.file not in problems]
        lost = len(clips) - len(left)
        print(f'{name}: {len(left):,} clips' + (f', {lost} left out' if lost else ''))
        if not args.check_only:
            write_list(out / name, left, out)
    if args.check_only:
        print('checked; nothing but a list of broken clips is ever written here')
        return
    write_whole(out / 'classes.txt', ''.join(f'{name}\n' for name in classes))
    print(f'wrote the lists and classes.txt in {out}')


def report_broken(
    out: Path, problems: Mapping[Path, str], skip: bool, total: int
) -> None:
    """Name broken clips in a file; one of an earlier call goes.

    Args:
        out: The folder of that file.
        problems: Clip to reason.
        skip: Whether they are only left out.
        total: How many clips there are.

    Raises:
        DataError: There are some, and they are not to be skipped.
    """
    file = out / BROKEN
    if not problems:
        file.unlink(missing_ok=True)
        return
    lines = [f'{path}\t{" ".join(why.split())}\n' for path, why in problems.items()]
    write_whole(file, ''.join(lines))
    path, why = next(iter(problems.items()))
    text = f'{len(problems)} of {total:,} clips are broken, the first one {path}: {why}'
    if not skip:
        raise DataError(
            f'{text}. All are named in {file}; no list was written. Get them again, or '
            'add --skip-broken to go on without them.'
        )
    print(f'{text}. All are named in {file} and left out.')


def write_list(file: Path, clips: Sequence[Clip], root: Path) -> None:
    """Write ``path label`` lines, paths below ``root`` relative to it.

    Raises:
        DataError: No clip, or a name that a line can't hold, such as one with a break.
    """
    if not clips:
        raise DataError(f'no clip is left for {file}.')
    entries = [(path_in(clip.file, root), clip.label) for clip in clips]
    for path, _ in entries:
        if not fits_a_line(path):
            raise DataError(
                f'{path!r} can not stand in a list of lines. Rename the file.'
            )
    write_whole(file, ''.join(f'{path} {label}\n' for path, label in entries))


def write_whole(file: Path, text: str) -> None:
    """Write a text file that is there whole or not at all, after a power cut too.

    Raises:
        StorageError: It can't be written.
    """
    partial = file.with_name(f'.{file.name}.partial')
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Broken clips may have names that are no text.
        with partial.open('w', encoding='utf-8', errors='backslashreplace') as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())  # else the new name may be there before the text
        os.replace(partial, file)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StorageError(
            f'{file} can not be written: {error}. Make room or choose another folder, '
            'and call this again: what is there stays.'
        ) from error
