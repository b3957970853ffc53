"""How the contract test exercises one block class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ['HostCase', 'image_input', 'initialised', 'video_input']


@dataclass(frozen=True)
class HostCase:
    """How the contract test exercises one block class.

    Attributes:
        block: The block class, as upstream built it.
        build: A tiny initialised backbone that holds blocks of that class; options go
            to the backbone's class.
        input: What the backbone reads.
        norm: Name of the module in front of the block's MLP whose input is x', and
            whose output is what the MLP reads: its norm. Where the block has no norm
            there, the MLP itself.
        attn_norm: The same in front of the attention or token mixer.
        behind_attn: Name of the module that reads the residual stream behind the
            attention, where that isn't ``norm``.
        drop_path: Options that switch stochastic depth on, with a probability of
            almost 1; empty where upstream has none.
        with_cp: Options that switch upstream's activation checkpoints on, if any.
        channel_dim: Which dimension of x' the channels are.
        stream: From the block's output to the residual stream behind the MLP, in the
            shape of x', for blocks that return something else.
        behind: The same for what ``behind_attn`` reads, in the shape of what stands
            in front of the attention.
        skip: From the block's inputs to the stream that the MLP is added to, in the
            shape of x', where that isn't x'.
        attn_layers: Blocks of the backbone that have an attention branch.
        name: Told apart by this, where a class has several cases.
    """

    block: type[nn.Module]
    build: Callable[..., nn.Module]
    input: Callable[[], Tensor]
    norm: str = 'norm2'
    attn_norm: str = 'norm1'
    drop_path: dict[str, Any] = field(default_factory=dict)
    with_cp: dict[str, Any] = field(default_factory=dict)
    channel_dim: int = -1
    stream: Callable[[Any, Tensor], Tensor] = lambda out, _: out
    behind_attn: str | None = None
    behind: Callable[[Tensor, Tensor], Tensor] = lambda out, like: out.reshape(
        like.shape
    )
    skip: Callable[..., Tensor] | None = None
    attn_layers: list[int] | None = None
    name: str = ''

    @property
    def id(self) -> str:
        """Framework, file and class."""
        parts = self.block.__module__.split('.')
        kind = f'{parts[0]}.{parts[-1]}.{self.block.__name__}'
        return f'{kind}.{self.name}' if self.name else kind


def initialised(backbone: nn.Module) -> nn.Module:
    """The backbone after its own ``init_weights``."""
    backbone.init_weights()  # type: ignore[operator]
    return backbone


def image_input(batch: int = 2, size: int = 32) -> Tensor:
    """Images ``(B, 3, size, size)``, always the same."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, 3, size, size, generator=generator)


def video_input(batch: int = 2, frames: int = 4, size: int = 32) -> Tensor:
    """Clips ``(B, 3, frames, size, size)``, always the same."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, 3, frames, size, size, generator=generator)
