"""From the keys of a file to neutral names: which layout it has, and what is where."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .tables import LAYOUTS, Layout

__all__ = ['Piece', 'Source', 'detect', 'read_source', 'unused_in_blocks']

# What encloses a ViT: DataParallel, OpenMMLab models, VideoMAE pre-training.
_PREFIXES = tuple(
    outer + inner
    for outer in ('', 'module.', 'model.')
    for inner in ('', 'backbone.', 'encoder.')
)
# Beginnings of names outside the trunk, and the neutral name of the same thing.
_HEADS = {
    'head.0': 'head.bn',
    'head.1': 'head.fc',
    'head.weight': 'head.fc.weight',
    'head.bias': 'head.fc.bias',
    'neck.bn': 'head.bn',
    'cls_head.bn': 'head.bn',
    'head.layers.head': 'head.fc',
    'cls_head.fc': 'head.fc',
    'cls_head.fc_cls': 'head.fc',
}


# Parts of some ViTs without which the same blocks compute something else.
_BESIDE_BLOCKS = ('norm_pre', 'reg_token', 'register_tokens')


@dataclass(frozen=True)
class Piece:
    """A tensor and the name or names it has in the file."""

    tensor: Tensor
    origin: str


@dataclass(frozen=True)
class Source:
    """A file in neutral names.

    Attributes:
        layout: Name of the layout found, for messages.
        trunk: Neutral name to tensor: the ViT, with adapters where the file has any.
        outside: The same for heads, and names that mean nothing here.
    """

    layout: str
    trunk: dict[str, Piece] = field(default_factory=dict)
    outside: dict[str, Piece] = field(default_factory=dict)


def detect(names: Mapping[str, object]) -> tuple[Layout, str] | None:
    """Layout and prefix that the names of a state dict show, or None.

    Args:
        names: A state dict; only its keys are looked at.
    """
    for prefix in _PREFIXES:
        for layout in LAYOUTS:
            if prefix + layout.anchor in names:
                return layout, prefix
    return None


def read_source(state: Mapping[str, Tensor], layout: Layout, prefix: str) -> Source:
    """A state dict in neutral names.

    Args:
        state: Tensors by name, as in the file.
        layout: Its layout, from :func:`detect`.
        prefix: What encloses the ViT's names, from :func:`detect`.
    """
    source = Source(_describe(layout, prefix, state))
    for name, tensor in state.items():
        inner = name.removeprefix(prefix)
        head = _head_name(inner if name.startswith(prefix) else name)
        if head is not None:
            source.outside[head] = Piece(tensor, name)
        elif name.startswith(prefix):
            source.trunk[layout.neutral(inner)] = Piece(tensor, name)
        else:
            source.outside[name] = Piece(tensor, name)
    _fuse(source.trunk)
    return source


def unused_in_blocks(state: Mapping[str, Tensor], unused: Collection[str]) -> list[str]:
    """Those names of a file that are of a ViT's blocks, or change what these read.

    Args:
        state: Tensors by name, as in the file.
        unused: Names in it, or several of them joined, that were not taken.
    """
    found = detect(state)
    if found is None:
        return []
    layout, prefix = found
    kept = []
    for name in unused:
        first = name.split(' ')[0]
        neutral = layout.neutral(first.removeprefix(prefix)).split('.')
        if not first.startswith(prefix):
            continue
        if neutral[0] in _BESIDE_BLOCKS or neutral[0] == 'blocks':
            kept.append(name)
    return kept


def _describe(layout: Layout, prefix: str, state: Mapping[str, Tensor]) -> str:
    """The layout's name, with VideoMAE told from an image file by its 3-D patches."""
    patch = state.get(f'{prefix}patch_embed.proj.weight')
    if layout.name == 'timm' and patch is not None and patch.ndim == 5:
        return 'VideoMAE pre-training' if 'encoder.' in prefix else 'VideoMAE'
    return layout.name


def _head_name(name: str) -> str | None:
    for start in sorted(_HEADS, key=len, reverse=True):
        if name == start or name.startswith(f'{start}.'):
            return _HEADS[start] + name[len(start) :]
    return name if name.startswith('head.fc.') else None


def _fuse(trunk: dict[str, Piece]) -> None:
    """Join q, k and v kept apart into one ``qkv``, the form of every target here."""
    for kind in ('weight', 'bias'):
        ending = f'.q_proj.{kind}'
        for name in [name for name in trunk if name.endswith(ending)]:
            attn = name.removesuffix(ending)
            parts = [f'{attn}.{part}_proj.{kind}' for part in 'qkv']
            if not all(part in trunk for part in parts):
                continue  # shows up as missing, with its parts left over
            pieces = [trunk.pop(part) for part in parts]
            trunk[f'{attn}.qkv.{kind}'] = Piece(
                torch.cat([piece.tensor for piece in pieces]),
                ' + '.join(piece.origin for piece in pieces),
            )
