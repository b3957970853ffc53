"""Rewrite a ViT checkpoint in the names of MMPretrain or MMAction2.

``python tools/converters/convert_weights.py mae_pretrain_vit_base.pth mae.pth
--to mmpretrain``. Nobody needs it for mmadapt, whose configs take the original file
(``init_cfg=dict(type='PretrainedTrunk', checkpoint=...)``); it serves configs of the
two libraries themselves.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from mmadapt.errors import AdaptError
from mmadapt.weights import read_checkpoint, trust_checkpoint
from mmadapt.weights.convert import convert_weights


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Rewrite a ViT checkpoint for a library.')
    parser.add_argument('source', help='the checkpoint, in any known layout')
    parser.add_argument('target', help='the file to write')
    parser.add_argument('--to', required=True, choices=['mmpretrain', 'mmaction'])
    parser.add_argument(
        '--num-frames',
        type=int,
        default=16,
        help='frames of a clip, when an image model is inflated (16)',
    )
    parser.add_argument(
        '--tubelet-size',
        type=int,
        default=2,
        help='frames of a token, when an image model is inflated (2)',
    )
    parser.add_argument(
        '--trust-checkpoint',
        metavar='PATH',
        action='append',
        default=[],
        help='a file that may be unpickled, which can run any code in it',
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Convert, write, and say what was left out."""
    args = parse_args(argv)
    for path in args.trust_checkpoint:
        trust_checkpoint(path)
    converted = convert_weights(
        read_checkpoint(args.source),
        args.to,
        args.num_frames,
        args.tubelet_size,
        args.source,
    )
    write(converted.state, Path(args.target))
    print(f'{args.source}: {converted.layout}, {len(converted.state)} tensors written')
    if converted.left:
        print(f'left out: {", ".join(converted.left)}')
    print(args.target)


def write(state: dict[str, Tensor], target: Path) -> None:
    """Write a checkpoint whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f'{target.name}.partial')
    torch.save({'state_dict': state, 'meta': {}}, partial)
    partial.replace(target)


if __name__ == '__main__':
    try:
        main()
    except AdaptError as error:
        sys.exit(f'{type(error).__name__}: {error}')
