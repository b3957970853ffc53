"""Rewrite a task file as safetensors, or back.

``python tools/converters/convert_task.py best.pth best.safetensors``, or the other way
round. Nothing is lost: every tensor comes back bit by bit, and so do the stamp, the
class names and, in an ``epoch_N.pth``, what ``--resume`` needs; in the .safetensors
file they are a JSON header. Every tool takes either file.
"""

from __future__ import annotations

import io
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

import torch

from mmadapt.errors import AdaptError, ConfigError, TaskFileError
from mmadapt.hooks.storage import write_whole
from mmadapt.weights import read_checkpoint, trust_checkpoint
from mmadapt.weights.reading import state_dict_of
from mmadapt.weights.safe_file import safetensors_bytes
from mmadapt.weights.stamp import decode
from mmadapt.weights.task_file import STAMP

TORCH, SAFE = '.pth', '.safetensors'


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Rewrite a task file as safetensors, or back.')
    parser.add_argument('source', help='the task file, .pth or .safetensors')
    parser.add_argument('target', help='the file to write, .safetensors or .pth')
    parser.add_argument(
        '--trust-checkpoint',
        metavar='PATH',
        action='append',
        default=[],
        help='a file that may be unpickled, which can run any code in it',
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Read, check, write, and say how much."""
    args = parse_args(argv)
    target = Path(args.target)
    if target.suffix not in (TORCH, SAFE):
        raise ConfigError(
            f"TARGET is '{target}': a name that ends with {SAFE} or {TORCH}, which "
            'says what is written.'
        )
    if target.resolve() == Path(args.source).resolve():
        raise ConfigError(f"TARGET is '{target}', which is SOURCE. Name another file.")
    for path in args.trust_checkpoint:
        trust_checkpoint(path)
    content = read_checkpoint(args.source)
    stamps = stamps_of(content, args.source)
    if not stamps:
        raise TaskFileError(
            f"'{args.source}' is no task file: it has no task_stamp. For a trunk see "
            'tools/converters/convert_weights.py.'
        )
    for stamp in stamps:
        decode(stamp)
    write_whole(as_bytes(content, target.suffix), target)
    print(
        f'{target}: {len(state_dict_of(content))} tensors, '
        f'{target.stat().st_size / 1e6:.2f} MB'
    )


def stamps_of(content: dict[str, Any], source: str) -> list[torch.Tensor]:
    """The stamps of all backbones in a checkpoint."""
    return [
        tensor
        for name, tensor in state_dict_of(content, source).items()
        if name == STAMP or name.endswith(f'.{STAMP}')
    ]


def as_bytes(content: dict[str, Any], suffix: str) -> bytes:
    """A checkpoint as the content of a file."""
    if suffix == SAFE:
        return safetensors_bytes(content)
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


if __name__ == '__main__':
    try:
        main()
    except AdaptError as error:
        sys.exit(f'{type(error).__name__}: {error}')
