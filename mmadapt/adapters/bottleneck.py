"""AdaptMLP, the bottleneck of AdaptFormer."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import ConfigError
from ..registry import ADAPTERS
from .base import Adapter, check_choice, check_count, check_probability

__all__ = ['AdaptMLP']


@ADAPTERS.register_module()
class AdaptMLP(Adapter):
    r"""Bottleneck beside the MLP of a block.

    From `AdaptFormer: Adapting Vision Transformers for Scalable Visual Recognition
    <https://arxiv.org/abs/2205.13535>`_:

    .. math:: A(x) = s \cdot W_{up}\, ReLU(W_{down}\, x + b_{down}) + s\, b_{up}

    It costs ``2 * dim * bottleneck + bottleneck + dim`` parameters a block.

    Args:
        dim: Width C of the block.
        bottleneck: Middle dimension, or a fraction of ``dim`` such as ``'1/12'``,
            rounded down (what the paper uses on Swin, whose stages differ in width);
            in a config also a list of these, one for each stage of the trunk.
        scale: The constant s, or ``'learnable'`` for a scalar that starts at 1.
        dropout: Probability of dropping an element after the ReLU.
        mode: ``'parallel'``: x' + MLP(LN(x')) + A(x'). ``'sequential'``: the branch
            reads the MLP's output h and keeps it, x' + h + A(h).
        input: ``'pre_norm'``: A reads x', as in the official code. ``'post_norm'``:
            A reads LN(x'), as Eq. 3 of the paper is written.
        norm: A LayerNorm of its own, ``'in'`` front of the bottleneck or behind it
            (``'out'``), or None.
        init: ``'zero'``: Kaiming-uniform down, zeros elsewhere, so that the adapted
            trunk starts as the pre-trained function. ``'normal'``: both weights from
            N(0, 0.02), biases zero, what the official video code ends with.

    Raises:
        ConfigError: An option out of its range.

    Examples:
        >>> branch = AdaptMLP(dim=768, bottleneck=64)
        >>> sum(p.numel() for p in branch.parameters())
        99136
    """

    INITS: ClassVar[tuple[str, ...]] = ('zero', 'normal')
    NORMS: ClassVar[tuple[str | None, ...]] = (None, 'in', 'out')
    training_only: ClassVar[tuple[str, ...]] = ('dropout', 'init')
    per_stage: ClassVar[tuple[str, ...]] = ('bottleneck',)

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
    ) -> None:
        super().__init__(mode=mode, input=input)
        middle = middle_dimension(dim, bottleneck)
        check_scale(scale)
        check_choice('norm', norm, self.NORMS)
        check_choice('init', init, self.INITS)
        check_probability('dropout', dropout)
        self.init = init
        self.norm_in = norm == 'in'
        self.norm = None if norm is None else nn.LayerNorm(dim)
        self.down = nn.Linear(dim, middle)
        self.dropout = float(dropout)
        self.up = nn.Linear(middle, dim)
        self.scale: float | Tensor
        if scale == 'learnable':
            self.scale = nn.Parameter(torch.ones(1))
        else:
            self.scale = float(scale)
        self.init_weights()

    def init_weights(self) -> None:
        """Set the weights as ``init`` says; safe to call any number of times."""
        if self.init == 'zero':
            nn.init.kaiming_uniform_(self.down.weight, a=math.sqrt(5))
            nn.init.zeros_(self.up.weight)
        else:
            for linear in (self.down, self.up):
                nn.init.trunc_normal_(linear.weight, std=0.02)
        nn.init.zeros_(self.down.bias)
        nn.init.zeros_(self.up.bias)
        if self.norm is not None:
            self.norm.reset_parameters()
        if isinstance(self.scale, nn.Parameter):
            nn.init.ones_(self.scale)

    def mix(self, hidden: Tensor) -> Tensor:
        """What a subclass does between the projections; nothing here."""
        return hidden

    def forward(self, x: Tensor) -> Tensor:
        """S * up(dropout(ReLU(down(x)))) for ``x`` of shape ``(..., C)``."""
        if self.norm is not None and self.norm_in:
            x = self.norm(x)
        hidden = F.dropout(F.relu(self.mix(self.down(x))), self.dropout, self.training)
        branch = self.scale * self.up(hidden)  # (..., C)
        if self.norm is not None and not self.norm_in:
            branch = self.norm(branch)
        return branch


def middle_dimension(dim: int, bottleneck: object) -> int:
    """The middle dimension that ``bottleneck`` means at a width of ``dim``.

    Raises:
        ConfigError: Neither a whole number from 1 on nor a fraction between 0 and 1,
            or one that leaves nothing of this width.
    """
    if not isinstance(bottleneck, str):
        meaning = "the middle dimension, unless a fraction in quotes such as '1/12',"
        check_count('bottleneck', bottleneck, meaning)
        return bottleneck  # type: ignore[return-value]
    try:
        fraction = Fraction(bottleneck)
    except (ValueError, ZeroDivisionError):
        fraction = Fraction(0)
    if not 0 < fraction <= 1 or int(fraction * dim) < 1:
        raise ConfigError(
            f'bottleneck={bottleneck!r} at a width of {dim}: a whole number from 1 on '
            "(the paper uses 1, 4 and 64), or a fraction of the width such as '1/12' "
            'that leaves at least 1.'
        )
    return int(fraction * dim)


def check_scale(scale: object) -> None:
    """Refuse a scale that is neither a finite number but 0 nor ``'learnable'``.

    Raises:
        ConfigError: With the value given.
    """
    number = isinstance(scale, (int, float)) and not isinstance(scale, bool)
    # By 0 nothing of an adapter would be left, and nothing would ever train it.
    if scale != 'learnable' and not (number and scale and math.isfinite(scale)):  # type: ignore[arg-type]
        raise ConfigError(
            f'scale={scale!r}: a finite number other than 0 (the paper uses 0.1), or '
            "'learnable'."
        )
