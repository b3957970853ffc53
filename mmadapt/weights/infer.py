"""The size of a ViT, told from its checkpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from os import PathLike
from typing import Any

from torch import Tensor

from ..errors import ConfigError, WeightsError
from .layouts import detect, read_source
from .reading import named, state_dict_of
from .resize import Tokens

__all__ = ['infer_vit_arch']

# No tensor's shape shows the number of heads; these widths and depths are published.
_HEADS = {
    (192, 12): 3,  # DeiT-Ti
    (384, 12): 6,  # ViT-S, DeiT-S
    (768, 12): 12,  # ViT-B
    (768, 8): 8,  # MMPretrain's 'small'
    (1024, 24): 16,  # ViT-L
    (1280, 32): 16,  # ViT-H
    (1408, 40): 16,  # ViT-g
    (1536, 40): 24,  # ViT-g of DINOv2
}


def infer_vit_arch(
    state_dict: Mapping[str, Any],
    num_heads: int | None = None,
    file: str | PathLike[str] = '',
) -> dict[str, Any]:
    """The options of a ViT that fits a checkpoint.

    Args:
        state_dict: A state dict of any known layout, or the checkpoint around it.
        num_heads: Number of heads, for a width and depth that are not published ones.
        file: Where the checkpoint was read from, for messages.

    Returns:
        ``embed_dims``, ``num_layers``, ``num_heads``, ``feedforward_channels``,
        ``patch_size`` and ``img_size``; the last is None where the file has no table
        of positions, or one that is not of square images.

    Raises:
        WeightsError: The file is no ViT of a known layout.
        ConfigError: The number of heads is not known, or doesn't divide the width.
    """
    state = state_dict_of(state_dict, file)
    found = detect(state)
    names = {} if found is None else _neutral_shapes(state, found)
    if 'patch_embed.proj.weight' not in names or 'blocks.0.mlp.fc1.weight' not in names:
        raise WeightsError(
            'the architecture can be told from ViT checkpoints (timm, MAE, VideoMAE, '
            f'AdaptFormer, mmpretrain, mmaction) only; {named(file)} starts with: '
            f'{", ".join(list(state)[:5])}. Give arch in the config.'
        )
    width, *_, patch = names['patch_embed.proj.weight']
    blocks = [name.split('.') for name in names]
    depth = 1 + max(int(part[1]) for part in blocks if part[0] == 'blocks')
    return {
        'embed_dims': width,
        'num_layers': depth,
        'num_heads': _heads(width, depth, num_heads),
        'feedforward_channels': names['blocks.0.mlp.fc1.weight'][0],
        'patch_size': patch,
        'img_size': _image_size(state, names, patch),
    }


def _neutral_shapes(state: Mapping[str, Tensor], found: Any) -> dict[str, list[int]]:
    source = read_source(state, *found)
    return {name: list(piece.tensor.shape) for name, piece in source.trunk.items()}


def _heads(width: int, depth: int, given: int | None) -> int:
    heads = given or _HEADS.get((width, depth))
    if heads is None:
        known = ', '.join(f'{w}x{d}' for w, d in _HEADS)
        raise ConfigError(
            f'a checkpoint does not show its number of heads, and a ViT of width '
            f'{width} and depth {depth} is not a published one ({known}). Give it in '
            'the config: model.backbone.arch.num_heads for images, '
            'model.backbone.num_heads for clips.'
        )
    if width % heads:
        raise ConfigError(f'num_heads={heads} does not divide the width {width}.')
    return heads


def _image_size(
    state: Mapping[str, Tensor], names: Mapping[str, list[int]], patch: int
) -> int | None:
    if 'pos_embed' not in names:
        return None
    table = next(t for name, t in state.items() if name.endswith('pos_embed'))
    tokens = Tokens.of(state)
    count = table.shape[1] - tokens.extra
    side = math.isqrt(count)
    return None if tokens.clips or side * side != count else side * patch
