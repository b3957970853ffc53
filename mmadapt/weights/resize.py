"""Fitting tensors of a file to a model of another image size or number of frames."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = [
    'Tokens',
    'fit',
    'inflate_patches',
    'is_sinusoid',
    'resize_grid',
    'resize_positions',
    'sinusoid_table',
]

_EXTRA_TOKENS = ('cls_token', 'dist_token')


@dataclass(frozen=True)
class Tokens:
    """What the tokens of a file's model are, as its tensors show.

    Attributes:
        extra: Number of class and distillation tokens in front of the patches.
        clips: Whether the patches are of clips, not of images.
    """

    extra: int = 0
    clips: bool = False

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> Tokens:
        """Read them off the tensors of a file, by name."""
        last = {name.rpartition('.')[2] for name in state}
        patches = ('proj.weight', 'projection.weight')
        clips = any(
            name.endswith(patches) and tensor.ndim == 5
            for name, tensor in state.items()
        )
        return cls(len(last & set(_EXTRA_TOKENS)), clips)


def fit(
    name: str, tensor: Tensor, target: Tensor, backbone: nn.Module, tokens: Tokens
) -> Tensor | None:
    """A tensor of the file in the shape of the model's tensor of that name.

    Args:
        name: Its name in the model.
        tensor: As in the file.
        target: The model's tensor.
        backbone: The backbone, whose grid of patches decides the position table.
        tokens: What the tokens are that the file's position table is of.

    Returns:
        The fitted tensor, or None where the shapes have nothing to do with each other.
    """
    if tensor.shape == target.shape:
        return tensor
    last = name.rpartition('.')[2]
    if last == 'pos_embed' and tensor.ndim == target.ndim == 3:
        return resize_positions(tensor, target.shape, backbone, tokens)
    if last == 'relative_position_bias_table' and tensor.ndim == target.ndim == 2:
        return _resize_bias_table(tensor, target.shape)
    if tensor.ndim == 4 and target.ndim == 5:
        inflated = inflate_patches(tensor, target.shape[2])
        return inflated if inflated.shape == target.shape else None
    if tensor.numel() == target.numel() == 1:
        return tensor.reshape(target.shape)
    return None


def inflate_patches(weight: Tensor, tubelet: int) -> Tensor:
    """A patch embedding of images as one of clips, equal to it on a still clip.

    Args:
        weight: Shape (C, 3, p, p).
        tubelet: Number t of frames that a token spans.

    Returns:
        Shape (C, 3, t, p, p): ``weight / t`` in every frame, as I3D does it
        (https://arxiv.org/abs/1705.07750, section 2.4).
    """
    return weight[:, :, None].repeat(1, 1, tubelet, 1, 1) / tubelet


def resize_grid(table: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """Resample a table over a grid of patches (bicubic).

    Args:
        table: Shape (1, h*w, C).
        old: The table's (h, w).
        new: The model's (h, w).

    Returns:
        Shape (1, new h * new w, C).
    """
    if old == new:
        return table
    grid = table.float().reshape(1, *old, -1).permute(0, 3, 1, 2)  # (1, C, h, w)
    grid = F.interpolate(grid, size=new, mode='bicubic', align_corners=False)
    return grid.flatten(2).transpose(1, 2).to(table.dtype)


def resize_positions(
    table: Tensor, shape: torch.Size, backbone: nn.Module, tokens: Tokens
) -> Tensor | None:
    """Fit a position table to the model's grid, extra tokens and number of frames.

    A computed table is computed anew. The patch part of an image's table is resampled
    over the grid and, for a clip, repeated for every time step. A table that spans
    time is resampled over time where its grid is the model's.

    Args:
        table: Shape (1, tokens, C), from the file.
        shape: The model's (1, own tokens, C).
        backbone: The backbone.
        tokens: What the tokens are that the file's table is of.

    Returns:
        The table in the model's shape, or None where the grids can't be told.
    """
    length, width = shape[1:]
    if width != table.shape[2]:
        return None
    if is_sinusoid(table):
        return sinusoid_table(length, width).to(table.dtype)
    own_extra = _count_extra(backbone)
    grid = _grid(backbone, length - own_extra)
    if grid is None or own_extra > tokens.extra:
        return None
    front, patches = table[:, :own_extra], table[:, tokens.extra :]
    count, space = patches.shape[1], grid[0] * grid[1]
    steps = (length - own_extra) // space
    side = math.isqrt(count)
    if tokens.clips and count % space == 0:
        patches = _resize_time(patches, count // space, steps)
    elif not tokens.clips and (count == space or side * side == count):
        old = grid if count == space else (side, side)
        patches = resize_grid(patches, old, grid).repeat(1, steps, 1)
    else:
        return None
    return torch.cat([front, patches], dim=1)


def sinusoid_table(tokens: int, width: int) -> Tensor:
    """The fixed table of VideoMAE: sine and cosine of the joint token index.

    Args:
        tokens: Number of tokens of a clip.
        width: Number C of channels.

    Returns:
        Shape (1, tokens, C), float32.
    """
    channel = torch.arange(width, dtype=torch.float64)
    rate = 10000.0 ** (-(channel - channel % 2) / width)
    angle = torch.arange(tokens, dtype=torch.float64)[:, None] * rate
    return torch.where(channel % 2 == 0, angle.sin(), angle.cos()).float()[None]


def is_sinusoid(table: Tensor) -> bool:
    """Whether a table of shape (1, tokens, C) is the computed one, but for rounding.

    Args:
        table: From a file or a model, in any floating type.
    """
    if table.ndim != 3 or table.shape[0] != 1:
        return False
    computed = sinusoid_table(table.shape[1], table.shape[2])
    # A file in half precision holds the rounded values; a learned table is far off.
    return torch.allclose(table.detach().cpu().float(), computed, atol=1e-2)


def _count_extra(backbone: nn.Module) -> int:
    """Number of class and distillation tokens in front of the patches."""
    tokens = (getattr(backbone, name, None) for name in _EXTRA_TOKENS)
    return sum(isinstance(token, Tensor) for token in tokens)


def _grid(backbone: nn.Module, patches: int) -> tuple[int, int] | None:
    """The (h, w) of the model's patches, of which a clip has several layers."""
    # MMPretrain's and MMAction2's name for the same thing.
    for attribute in ('patch_resolution', 'grid_size'):
        grid = getattr(backbone, attribute, None)
        if grid is not None and patches % (grid[0] * grid[1]) == 0:
            return int(grid[0]), int(grid[1])
    return None


def _resize_time(table: Tensor, old: int, new: int) -> Tensor:
    """Resample a table of shape (1, old*h*w, C) over time (linear)."""
    batch, _, width = table.shape
    # (1, T, h*w, C) -> (1, h*w*C, T), as interpolate takes the last axis
    steps = table.float().reshape(batch, old, -1).transpose(1, 2)
    steps = F.interpolate(steps, size=new, mode='linear', align_corners=False)
    return steps.transpose(1, 2).reshape(batch, -1, width).to(table.dtype)


def _resize_bias_table(table: Tensor, shape: torch.Size) -> Tensor | None:
    """Resample a square table of relative positions, shape ((2w-1)^2, heads)."""
    old, new = math.isqrt(table.shape[0]), math.isqrt(shape[0])
    if old**2 != table.shape[0] or new**2 != shape[0] or table.shape[1] != shape[1]:
        return None
    return resize_grid(table[None], (old, old), (new, new))[0]
