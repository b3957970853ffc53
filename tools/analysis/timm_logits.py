"""One checkpoint, two libraries: the logits of a ViT through timm and MMPretrain.

    python tools/analysis/timm_logits.py deit_tiny_patch16_224.pth --arch deit-tiny

The file is one of timm's or DeiT's names, with its head. Both models take the same
random adapters; their logits of the same random images are compared, for each branch,
input and mode.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

import mmadapt
from mmadapt import launch
from mmadapt.adapters import Adapter
from mmadapt.errors import ConfigError
from mmadapt.weights import load_weights, read_checkpoint
from mmadapt.weights.reading import state_dict_of

PLACEMENTS = [
    {'branch': branch, **options}
    for branch, options in product(
        ('mlp', 'attn', 'both'), ({}, {'input': 'post_norm'}, {'mode': 'sequential'})
    )
]


def parse_args(argv: list[str] | None = None) -> Namespace:
    """The command line, ``sys.argv`` unless given."""
    parser = ArgumentParser(description='Logits through timm and through MMPretrain.')
    parser.add_argument('checkpoint', help="in timm's names")
    parser.add_argument('--arch', default='deit-tiny', help="MMPretrain's name")
    parser.add_argument('--timm', default='deit_tiny_patch16_224', help="timm's name")
    parser.add_argument('--images', type=int, default=4, help='how many (4)')
    return parser.parse_args(argv)


def build_pair(
    state: dict[str, Tensor], arch: Any, name: str, **options: Any
) -> tuple[nn.Module, nn.Module]:
    """The checkpoint in timm's model and in MMPretrain's, in evaluation mode.

    Args:
        state: Tensors in timm's names.
        arch: Of MMPretrain's VisionTransformer.
        name: Of timm's model.
        options: ``img_size`` and ``patch_size``, of both.

    Raises:
        ConfigError: timm is not installed.
    """
    try:
        import timm
    except ImportError as error:
        raise ConfigError("this needs timm: pip install 'mmadapt[timm]'.") from error
    from mmpretrain.registry import MODELS

    classes, width = state['head.weight'].shape
    first = timm.create_model(name, num_classes=classes, **options)
    first.load_state_dict(state)
    head = {'type': 'VisionTransformerClsHead', 'num_classes': classes}
    backbone = {'type': 'VisionTransformer', 'arch': arch, 'patch_size': 16, **options}
    model = {'type': 'ImageClassifier', 'backbone': backbone}
    second = MODELS.build(
        {**model, 'head': {**head, 'in_channels': width}, '_scope_': 'mmpretrain'}
    )
    load_weights(second, state)
    return first.eval(), second.eval()


def adapt_alike(first: nn.Module, second: nn.Module, adapter: dict[str, Any]) -> None:
    """The same adapters, with the same random weights, in both, in place."""
    pairs = [mmadapt.adapt(model, adapter).modules() for model in (first, second)]
    left, right = ([m for m in some if isinstance(m, Adapter)] for some in pairs)
    generator = torch.Generator().manual_seed(0)
    for ours, theirs in zip(left, right, strict=True):
        for parameter in ours.parameters():
            nn.init.normal_(parameter, std=0.05, generator=generator)
        theirs.load_state_dict(ours.state_dict())


@torch.no_grad()
def logits(
    first: nn.Module, second: nn.Module, images: Tensor
) -> tuple[Tensor, Tensor]:
    """Both models' logits ``(B, classes)``."""
    return first(images), second.head(second.extract_feat(images))


def main() -> None:
    """Print the largest differences, and how far the adapters moved the logits."""
    args = parse_args()
    state = dict(state_dict_of(read_checkpoint(args.checkpoint)))
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(args.images, 3, 224, 224, generator=generator)
    plain = None
    for adapter in (None, *PLACEMENTS):
        first, second = build_pair(state, args.arch, args.timm)
        if adapter is not None:
            adapt_alike(first, second, {'bottleneck': 64, **adapter})
        ours, theirs = logits(first, second, images)
        plain = ours if plain is None else plain
        words = 'no adapter' if adapter is None else ' '.join(adapter.values())
        print(
            f'{words}: largest difference {(ours - theirs).abs().max():.3g}, moved by '
            f'the adapters {(ours - plain).abs().max():.3g}',
            flush=True,
        )


if __name__ == '__main__':
    launch.run(main)
