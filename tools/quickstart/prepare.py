"""Writes the data of one track and pre-trains its trunk.

    python tools/quickstart/prepare.py image|video WORK_DIR

makes ``WORK_DIR/data/{track}`` and ``WORK_DIR/trunk_{track}.pth``.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import digits_image
import digits_video
import torch
from digits import Split, split_digits
from pretrain import pretrain

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # a checkout that isn't installed

import mmadapt  # noqa: F401  (makes mmaction importable)


def main() -> None:
    """Does both, each under a temporary name until it is whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('track', choices=['image', 'video'])
    parser.add_argument('work_dir', type=Path)
    parser.add_argument('--steps', type=int, help='of pre-training, for a trial')
    args = parser.parse_args()
    torch.set_num_threads(1)

    split = split_digits()
    print(
        f'{len(split.pretrain)} scans for pre-training, {len(split.train)} for the '
        f"target's training, {len(split.val)} for its validation",
        flush=True,
    )
    write_data(args.track, args.work_dir / 'data' / args.track, split)

    trunk = args.work_dir / f'trunk_{args.track}.pth'
    partial = trunk.with_suffix('.partial')
    pretrain(args.track, split.pretrain, partial, args.steps)
    os.replace(partial, trunk)
    print(f'wrote {trunk}')


def write_data(track: str, folder: Path, split: Split) -> None:
    """Writes a track's data, in place of what was there."""
    partial = folder.with_name(folder.name + '.partial')
    shutil.rmtree(partial, ignore_errors=True)
    if track == 'image':
        digits_image.write_image_folder(partial, split)
    else:
        digits_video.write_clip_lists(partial, split)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    print(f'wrote {folder}', flush=True)


if __name__ == '__main__':
    main()
