"""AdaptConv and AdaptDWConv: bottlenecks that look at neighbouring patches."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from ..errors import ConfigError
from ..registry import ADAPTERS
from .base import check_count
from .bottleneck import AdaptMLP
from .grid import TokenGrid

__all__ = ['AdaptConv', 'AdaptDWConv']


@ADAPTERS.register_module()
class AdaptConv(AdaptMLP):
    r"""Bottleneck with a grouped convolution between its projections.

    .. math:: A(x) = s \cdot W_{up}\, ReLU(conv(W_{down}\, x + b_{down})) + s\, b_{up}

    Table 8 of the `paper <https://arxiv.org/abs/2205.13535>`_ names this variant and
    its parameters, 1.39 M, and no more; the design is ours. A 3 x 3 convolution with
    4 groups over the patches of each frame has that count. A class token is an
    image of one patch.

    Args:
        dim: Width C of the block.
        bottleneck: As in :class:`AdaptMLP`; divisible by 4.
        scale: As in :class:`AdaptMLP`.
        dropout: As in :class:`AdaptMLP`.
        mode: As in :class:`AdaptMLP`.
        input: As in :class:`AdaptMLP`.
        norm: As in :class:`AdaptMLP`.
        init: As in :class:`AdaptMLP`.
        kernel_size: Side of the kernel, odd.

    Raises:
        ConfigError: An option out of its range.
    """

    groups: ClassVar[int | None] = 4
    """Groups of the convolution; None for one a channel."""

    needs_grid: ClassVar[bool] = True
    grid: TokenGrid

    def __init__(
        self,
        dim: int,
        bottleneck: int | str = 64,
        scale: float | str = 0.1,
        dropout: float = 0.0,
        mode: str = 'parallel',
        input: str = 'pre_norm',
        norm: str | None = None,
        init: str = 'zero',
        kernel_size: int = 3,
    ) -> None:
        super().__init__(dim, bottleneck, scale, dropout, mode, input, norm, init)
        check_count('kernel_size', kernel_size, 'the side of the kernel')
        middle = self.down.out_features
        groups = middle if self.groups is None else self.groups
        if kernel_size % 2 == 0:
            raise ConfigError(f'kernel_size={kernel_size}: an odd number, such as 3.')
        if middle % groups:
            raise ConfigError(
                f'bottleneck={bottleneck!r}: {type(self).__name__} convolves in '
                f'{groups} groups, and {middle} channels are not divisible by that.'
            )
        self.conv = nn.Conv2d(
            middle, middle, kernel_size, padding=kernel_size // 2, groups=groups
        )
        self.init_weights()

    def init_weights(self) -> None:
        """Set the weights as ``init`` says; safe to call any number of times."""
        super().init_weights()
        if not hasattr(self, 'conv'):  # in the constructor of the class above
            return
        if self.init == 'zero':
            self.conv.reset_parameters()
        else:
            nn.init.trunc_normal_(self.conv.weight, std=0.02)
        if self.conv.bias is not None:
            nn.init.zeros_(self.conv.bias)

    def mix(self, hidden: Tensor) -> Tensor:
        """The convolution over the tokens ``(B, N, bottleneck)``."""
        extra = hidden[:, : self.grid.extra]
        patches = self.grid.to_tokens(
            self.conv(self.grid.to_maps(hidden[:, self.grid.extra :]))
        )
        if not self.grid.extra:
            return patches
        batch, count, middle = extra.shape
        lone = self.conv(extra.reshape(batch * count, middle, 1, 1))
        return torch.cat([lone.reshape(batch, count, middle), patches], dim=1)


@ADAPTERS.register_module()
class AdaptDWConv(AdaptConv):
    """:class:`AdaptConv` with a depthwise convolution, 1.29 M in Table 8."""

    groups: ClassVar[int | None] = None
