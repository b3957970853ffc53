"""Rewriting a checkpoint in the names of MMPretrain or MMAction2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import Any

import torch
from torch import Tensor

from ..errors import ConfigError, WeightsError
from .layouts import MMACTION, MMPRETRAIN, Piece, detect, match_biases, read_source
from .reading import named, state_dict_of
from .resize import Tokens, inflate_patches
from .values import check_weights

__all__ = ['Converted', 'convert_weights']

_PATCHES = 'patch_embed.proj.weight'
_HEADS = {
    'mmpretrain': {'head.bn': 'neck.bn', 'head.fc': 'head.fc'},
    'mmaction': {'head.bn': 'cls_head.bn', 'head.fc': 'cls_head.fc'},
}


@dataclass(frozen=True)
class Converted:
    """A converted checkpoint.

    Attributes:
        layout: The layout it had.
        state: Tensors by their names in a whole classifier or recognizer.
        left: Names of the file that have no place in one.
    """

    layout: str
    state: dict[str, Tensor] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


def convert_weights(
    checkpoint: Mapping[str, Any],
    to: str,
    num_frames: int = 16,
    tubelet_size: int = 2,
    file: str | PathLike[str] = '',
) -> Converted:
    """A ViT checkpoint of any known layout in the names of one library.

    Args:
        checkpoint: A state dict, or the checkpoint around it.
        to: ``'mmpretrain'`` or ``'mmaction'``.
        num_frames: Frames of the clips that an image model is made to read.
        tubelet_size: Frames that a token of it spans.
        file: Where the checkpoint was read from, for messages.

    Raises:
        ConfigError: An unknown target, an image model asked of a file of clips, or
            frames that the tubelets don't divide.
        WeightsError: The file is no ViT of a known layout, or a weight is no number.
    """
    if to not in _HEADS:
        raise ConfigError(f'to={to!r}; allowed: {", ".join(_HEADS)}.')
    state = state_dict_of(checkpoint, file)
    found = detect(state)
    if found is None:
        raise WeightsError(
            'only ViT checkpoints (timm, MAE, VideoMAE, AdaptFormer, mmpretrain, '
            f'mmaction) can be converted; {named(file)} starts with: '
            f'{", ".join(list(state)[:5])}.'
        )
    source = read_source(state, *found)
    trunk = dict(source.trunk)
    tokens = Tokens.of(state)
    if to == 'mmpretrain' and tokens.clips:
        raise ConfigError(
            f"a file of clips ({source.layout}) has no image model; use to='mmaction'."
        )
    if to == 'mmaction' and not tokens.clips:
        _inflate(trunk, tokens, num_frames, tubelet_size)
    layout = MMPRETRAIN if to == 'mmpretrain' else MMACTION
    match_biases(trunk, _biases(trunk, fused=to == 'mmpretrain'))

    converted = Converted(source.layout)
    for neutral, piece in trunk.items():
        if _has_place(neutral, to):
            converted.state[f'backbone.{layout.own(neutral)}'] = piece.tensor.clone()
        else:
            converted.left.append(piece.origin)
    for neutral, piece in source.outside.items():
        start = next((s for s in _HEADS[to] if neutral.startswith(f'{s}.')), None)
        if start is None:
            converted.left.append(piece.origin)
        else:
            name = _HEADS[to][start] + neutral[len(start) :]
            converted.state[name] = piece.tensor.clone()
    check_weights(
        fspath(file) or '<state dict>',
        converted.state,
        {name: _number(name, tensor) for name, tensor in converted.state.items()},
    )
    return converted


def _number(name: str, tensor: Tensor) -> Tensor:
    """A tensor of the kind that a model has under a name: only counters are whole."""
    return tensor if name.endswith('.num_batches_tracked') else torch.empty(0)


def _inflate(
    trunk: dict[str, Piece], tokens: Tokens, num_frames: int, tubelet_size: int
) -> None:
    """Turn the patches and positions of an image model into those of clips."""
    if tubelet_size < 1 or num_frames < 1 or num_frames % tubelet_size:
        raise ConfigError(
            f'num_frames={num_frames}, tubelet_size={tubelet_size}: whole tubelets are '
            'needed, such as 16 frames in tubelets of 2.'
        )
    patches, table = trunk.get(_PATCHES), trunk.get('pos_embed')
    if patches is not None:
        inflated = inflate_patches(patches.tensor, tubelet_size)
        trunk[_PATCHES] = Piece(inflated, patches.origin)
    if table is not None:
        tiled = table.tensor[:, tokens.extra :].repeat(1, num_frames // tubelet_size, 1)
        trunk['pos_embed'] = Piece(tiled, table.origin)


def _biases(trunk: Mapping[str, Piece], fused: bool) -> set[str]:
    """Neutral names of the biases of q, k and v that a model of the target has."""
    endings = ('qkv.bias',) if fused else ('q_bias', 'v_bias')
    attns = {
        name.removesuffix('.qkv.weight')
        for name in trunk
        if name.endswith('.attn.qkv.weight')
    }
    return {f'{attn}.{ending}' for attn in attns for ending in endings}


def _has_place(neutral: str, to: str) -> bool:
    """Whether the target's backbone can have a tensor of that neutral name."""
    first = neutral.split('.')[0]
    if to == 'mmpretrain':
        return first in (
            'blocks', 'cls_token', 'pos_embed', 'patch_embed', 'norm', 'fc_norm'
        )  # fmt: skip
    return first in ('blocks', 'pos_embed', 'patch_embed', 'fc_norm')
