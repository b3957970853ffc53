"""Encodes the clips of some lists anew, so that training reads them faster.

    python tools/data/reencode.py data/ssv2 data/ssv2_fast
    tools/dist_train.sh configs/adaptformer_ssv2.py 8 --auto-scale-lr \
        --cfg-options data_root=data/ssv2_fast ...

h264, a key frame every 16 frames, short side at most 256, no sound, as many frames as
before. The originals are only read. Lists and classes.txt are written for the new
folder once all of its clips are there. Called again it goes on where it ended.
"""

from __future__ import annotations

import shutil
import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from mmadapt import launch
from mmadapt.datasets.list_folders import find_lists, read_clips
from mmadapt.datasets.one_writer import only_writer
from mmadapt.datasets.places import encoded_names
from mmadapt.datasets.video_encode import Encoding, encode_pair
from mmadapt.datasets.video_jobs import run_jobs
from mmadapt.datasets.video_lists import (
    Clip,
    add_work_arguments,
    check_workers,
    report_broken,
    write_list,
)
from mmadapt.errors import ConfigError

USUAL = Encoding()


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Re-encode clips for fast training.')
    parser.add_argument('source', type=Path, help='data_root of the lists')
    parser.add_argument('target', type=Path, help='data_root to write')
    parser.add_argument(
        '--lists',
        nargs='+',
        metavar='NAME',
        help='lists below SOURCE; each train, val and test, csv or txt, is found',
    )
    parser.add_argument(
        '--short-side', type=int, default=USUAL.short_side, help='pixels at most'
    )
    parser.add_argument('--gop', type=int, default=USUAL.gop, help='key frame distance')
    parser.add_argument(
        '--crf', type=int, default=USUAL.crf, help='quality, 0 (lossless) to 51'
    )
    parser.add_argument('--preset', default=USUAL.preset, help='preset of x264')
    add_work_arguments(parser)
    return parser.parse_args(argv)


def main() -> None:
    """Make a folder of clips that decode fast."""
    args = parse_args()
    check_workers(args.workers)
    encoding = Encoding(args.short_side, args.gop, args.crf, args.preset)
    source, target = args.source, args.target
    if target.resolve() == source.resolve():
        raise ConfigError(
            f'{target} is the folder of the originals, which stay as they are. Name '
            'another one.'
        )
    with only_writer(target):
        write(source, target, args, encoding)


def write(source: Path, target: Path, args: Namespace, encoding: Encoding) -> None:
    """Encode what isn't there yet, then write the lists."""
    found = find_lists(source, target, args.lists)
    lists = {name: read_clips(source, source / name) for name in found}
    names = encoded_names((c.file for clips in lists.values() for c in clips), source)
    problems = encode_all(names, target, encoding, args.workers)
    report_broken(target, problems, args.skip_broken, len(names))
    for name, clips in lists.items():
        left = [
            Clip(target / names[clip.file], clip.label)
            for clip in clips
            if clip.file not in problems
        ]
        write_list(target / name, left, target)
        print(f'{name}: {len(left):,} of {len(clips):,} clips')
    if (source / 'classes.txt').is_file():
        shutil.copyfile(source / 'classes.txt', target / 'classes.txt')
    print(f'wrote the lists in {target}; train with data_root={target}')


def encode_all(
    names: dict[Path, Path], target: Path, encoding: Encoding, workers: int
) -> dict[Path, str]:
    """Encode every clip that isn't there yet; what failed, and why."""
    pairs = [(file, target / name) for file, name in names.items()]
    job = partial(encode_pair, encoding=encoding)
    problems: dict[Path, str] = {}
    encoded = 0
    for outcome in run_jobs(job, pairs, workers, 'encoding'):
        encoded += outcome.result is True
        if outcome.problem is not None:
            problems[outcome.item[0]] = outcome.problem
    there = len(names) - encoded - len(problems)
    print(f'{encoded:,} encoded, {there:,} already there, {len(problems)} failed')
    return problems


if __name__ == '__main__':
    launch.run(main)
