"""CPU time of a video sample: MMAction2's pipeline, and ours from four kinds of files.

    python tools/benchmarks/decode.py
    python tools/benchmarks/decode.py --clips FOLDER [--join 10]

Both draw the same frames of the same clips; MMAction2 by DecordInit, SampleFrames,
DecordDecode, Resize, crops, FormatShape, PackActionInputs, and ours by OpenVideo,
SampleFrames, DecodeVideo and the crops of the shipped configs. Ours reads the
originals, clips that tools/data/reencode.py would write, and stores of frames as
tools/data/frame_store.py makes them.

Without --clips the clips are made: 10 s of 340 x 256 at 30 frames a second, textures in
motion under noise, h264 as x264 does by default, with key frames up to 250 frames
apart. --join makes such clips, without a key frame at the joints, out of those of a
folder. One decoder thread on both sides; CPU time, user and system, of the process with
all its threads; rounds in turns. A cell is the ratio to MMAction2's time for a whole
sample, of the sums over all rounds, in brackets the least and the largest of a round;
behind the semicolon that of opening and decoding alone.
"""

from __future__ import annotations

import os
import random
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from decoding.clips import find_clips
from mmcv.transforms import Compose
from mmengine.registry import DefaultScope

from mmadapt import launch
from mmadapt.datasets.frame_format import FrameFormat
from mmadapt.datasets.frame_pack import pack_clip
from mmadapt.datasets.readers import VideoFile
from mmadapt.datasets.threads import process_cores
from mmadapt.datasets.video_encode import Encoding, encode_clip

KINDS = ('mmaction', 'original', 'reencoded', 'jpeg', 'raw')
PACKED = [
    {'type': 'FormatShape', 'input_format': 'NCTHW'},
    {'type': 'PackActionInputs', 'meta_keys': ('img_shape', 'filename')},
]


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='CPU time of a sample of clips.')
    parser.add_argument('--clips', type=Path, help='folder of clips (made, if absent)')
    parser.add_argument('--join', type=int, default=0, help='join to so many seconds')
    parser.add_argument('--count', type=int, default=6, help='clips (6)')
    parser.add_argument('--rounds', type=int, default=5, help='rounds (5)')
    parser.add_argument(
        '--short-side', type=int, default=256, help='of stores and new clips (256)'
    )
    parser.add_argument(
        '--backend', default='pillow', help='of MultiScaleResizedCrop (pillow)'
    )
    return parser.parse_args(argv)


def inputs(clip: Path, folder: Path, side: int) -> dict[str, dict[str, Any]]:
    """What the pipelines get of one clip, for each kind of file."""
    encode_clip(clip, folder / f'{clip.stem}-reencoded.mp4', Encoding(side))
    plain = {'start_index': 0, 'label': 0, 'modality': 'RGB', 'filename': str(clip)}
    found = {kind: dict(plain) for kind in KINDS}
    found['reencoded']['filename'] = str(folder / f'{clip.stem}-reencoded.mp4')
    for form in (FrameFormat('jpeg', side), FrameFormat('raw', side)):
        file = folder / f'{clip.stem}{form.ending}'
        kept = pack_clip(clip, file, form)
        found[form.kind].update(
            frames_file=str(file), total_frames=kept.frames, frames_size=kept.size
        )
    return found


def pipelines(
    clip_len: int, views: int, backend: str
) -> dict[str, tuple[Compose, Compose]]:
    """Reading, and the rest, of MMAction2's pipeline and of ours."""
    sample = {'type': 'SampleFrames', 'clip_len': clip_len, 'frame_interval': 4}
    sample.update(num_clips=views, test_mode=views > 1)
    if views > 1:
        stock = [
            {'type': 'Resize', 'scale': (-1, 224)},
            {'type': 'ThreeCrop', 'crop_size': 224},
        ]
        ours = [
            {'type': 'ResizeShortSide', 'size': 224},
            {'type': 'SquareViews', 'num_views': 3},
        ]
    else:
        stock = [
            {'type': 'Resize', 'scale': (-1, 256)},
            {'type': 'RandomResizedCrop'},
            {'type': 'Resize', 'scale': (224, 224), 'keep_ratio': False},
            {'type': 'Flip', 'flip_ratio': 0.5},
        ]
        ours = [{'type': 'MultiScaleResizedCrop', 'size': 224, 'backend': backend}]
    readers = {
        'mmaction': ({'type': 'DecordInit'}, {'type': 'DecordDecode'}, stock),
        'ours': ({'type': 'OpenVideo'}, {'type': 'DecodeVideo'}, ours),
    }
    return {
        name: (Compose([first, sample, last]), Compose([*rest, *PACKED]))
        for name, (first, last, rest) in readers.items()
    }


def measure(
    clips: list[dict[str, dict[str, Any]]], steps: dict[str, Any], rounds: int
) -> dict[str, list[np.ndarray]]:
    """Seconds ``(2,)`` of reading and of all, summed over clips, for each round."""
    seconds: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    for number in range(rounds + 1):
        sums = {kind: np.zeros(2) for kind in KINDS}
        for index, clip in enumerate(clips):
            turn = (number + index) % len(KINDS)
            for kind in (*KINDS[turn:], *KINDS[:turn]):
                reading, rest = steps.get(kind, steps['ours'])
                random.seed(number * len(clips) + index)
                np.random.seed(number * len(clips) + index)
                start = time.process_time()
                results = reading(dict(clip[kind]))
                read = time.process_time()
                rest(results)
                sums[kind] += read - start, time.process_time() - start
        for kind in KINDS if number else ():  # the first one warms up
            seconds[kind].append(sums[kind])
    return seconds


def row(title: str, seconds: dict[str, list[np.ndarray]], count: int) -> str:
    """Ratios to MMAction2's time, of a whole sample and of its reading alone."""
    base = np.array(seconds['mmaction'])
    cells = [f'{1e3 * base[:, 1].mean() / count:.0f} ms']
    for kind in KINDS[1:]:
        taken = np.array(seconds[kind])
        rounds = taken[:, 1] / base[:, 1]
        reading, whole = taken.sum(0) / base.sum(0)
        spread = f'[{rounds.min():.3f}, {rounds.max():.3f}]'
        cells.append(f'{whole:.3f} {spread}; {reading:.3f}')
    return f'| {title} | ' + ' | '.join(cells) + ' |'


def main() -> None:
    """Print a table."""
    args = parse_args()
    # As where a data worker runs on each core: one thread for a decoder.
    os.environ['LOCAL_WORLD_SIZE'] = str(process_cores())
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = find_clips(args.clips, args.join, args.count, folder)
        lengths = [len(VideoFile(file)) for file in files]
        clips = [inputs(file, folder, args.short_side) for file in files]
        print(f'{len(files)} clips of {min(lengths)} to {max(lengths)} frames')
        print('| sample | mmaction | ' + ' | '.join(KINDS[1:]) + ' |')
        print('|---' * (len(KINDS) + 1) + '|')
        for title, clip_len, views in (
            ('training, 8 frames', 8, 1),
            ('training, 16 frames', 16, 1),
            ('test, 4 x 8 frames, 3 crops', 8, 4),
        ):
            with DefaultScope.overwrite_default_scope('mmaction'):
                steps = pipelines(clip_len, views, args.backend)
                seconds = measure(clips, steps, args.rounds)
            print(row(title, seconds, len(clips)), flush=True)


if __name__ == '__main__':
    launch.run(main)
