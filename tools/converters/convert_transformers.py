"""Make a trunk file of a folder that transformers wrote or downloaded.

``python tools/converters/convert_transformers.py FOLDER vit.pth --model ViTModel``.
FOLDER holds config.json and model.safetensors. The file is one for
``init_cfg=dict(type='PretrainedTrunk', checkpoint='vit.pth')`` beside
``backbone=dict(type='TransformersBackbone', model='ViTModel', config='FOLDER')``.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

from mmadapt.backbones.transformers import find_model
from mmadapt.errors import AdaptError
from mmadapt.weights.transformers import read_transformers


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Make a trunk file of a model of transformers.')
    parser.add_argument('source', help='folder with config.json and model.safetensors')
    parser.add_argument('target', type=Path, help='the file to write')
    parser.add_argument('--model', required=True, help='class, such as ViTModel')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Read, rename, and write the file whole or not at all."""
    args = parse_args(argv)
    state = read_transformers(args.source, find_model(args.model))
    args.target.parent.mkdir(parents=True, exist_ok=True)
    partial = args.target.with_name(f'{args.target.name}.partial')
    torch.save({'state_dict': state, 'meta': {}}, partial)
    partial.replace(args.target)
    print(f'{args.target}: {len(state)} tensors of {args.model}')


if __name__ == '__main__':
    try:
        main()
    except AdaptError as error:
        sys.exit(f'{type(error).__name__}: {error}')
