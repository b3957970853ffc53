"""Keeps the decoded frames of the clips of some lists, which training reads at once.

    python tools/data/frame_store.py data/ssv2 data/ssv2_frames
    tools/dist_train.sh configs/adaptformer_ssv2.py 8 --auto-scale-lr \
        --cfg-options data_root=data/ssv2 frame_store=data/ssv2_frames ...

Every frame as a JPEG file, or with --format raw as pixels to map into memory; the short
side at most 256. What they take is measured first (--measure-only ends there). The
clips are only read. Called again it goes on where it ended, and keeps what is new.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from contextlib import nullcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from mmadapt import launch
from mmadapt.datasets.frame_build import StoreBuilder
from mmadapt.datasets.frame_format import ENDINGS, FrameFormat
from mmadapt.datasets.list_folders import find_lists, read_clips
from mmadapt.datasets.lists import path_in
from mmadapt.datasets.one_writer import only_writer
from mmadapt.datasets.video_lists import (
    add_work_arguments,
    check_workers,
    report_broken,
)

USUAL = FrameFormat()


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Keep the decoded frames of clips.')
    parser.add_argument('source', type=Path, help='data_root of the lists')
    parser.add_argument('target', type=Path, help='folder to write')
    parser.add_argument(
        '--lists',
        nargs='+',
        metavar='NAME',
        help='lists below SOURCE; each train, val and test, csv or txt, is found',
    )
    parser.add_argument(
        '--format', default=USUAL.kind, metavar='|'.join(ENDINGS), help='how (jpeg)'
    )
    parser.add_argument(
        '--short-side',
        type=int,
        default=USUAL.short_side,
        help='pixels at most, 0 to keep sizes (256)',
    )
    parser.add_argument(
        '--quality', type=int, default=USUAL.quality, help='of JPEG, 1 to 100 (90)'
    )
    parser.add_argument(
        '--measure-only', action='store_true', help='say the size, write no frame'
    )
    add_work_arguments(parser)
    return parser.parse_args(argv)


def main() -> None:
    """Make the store of a folder's clips."""
    args = parse_args()
    check_workers(args.workers)
    source, target = args.source, args.target
    form = FrameFormat(args.format, args.short_side, args.quality)
    clips = {
        path_in(clip.file, source): clip.file
        for name in find_lists(source, target, args.lists)
        for clip in read_clips(source, source / name)
    }
    with nullcontext() if args.measure_only else only_writer(target):
        build(StoreBuilder(target, form, clips, args.workers), args)


def build(builder: StoreBuilder, args: Namespace) -> None:
    """Measure, keep what isn't there yet, then write the index."""
    target, total = builder.store.folder, len(builder.clips)
    size = builder.measure()
    there = total - len(builder.todo)
    print(
        f'{there:,} of {total:,} clips already there; the others take '
        f'{"" if builder.store.form.kind == "raw" else "about "}{size / 1e9:.3g} GB, '
        f'{builder.free() / 1e9:.3g} GB are free'
    )
    if args.measure_only:
        return
    builder.check_room(size)
    kept = builder.build()
    report_broken(target, builder.problems, args.skip_broken, total)
    builder.finish()
    print(
        f'kept {kept:,} clips, {there:,} were there, {len(builder.problems)} left out; '
        f'train with frame_store={target}'
    )


if __name__ == '__main__':
    launch.run(main)
