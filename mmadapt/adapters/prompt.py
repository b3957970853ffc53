"""VPT, visual prompt tuning: the baseline that the paper compares with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import ConfigError
from ..registry import ADAPTERS
from .base import Method, check_count, check_probability

__all__ = ['VPT', 'Prompt', 'PromptEnd']


class Prompt(Method):
    """What a block does in front of and behind itself to tokens that are not its own.

    Attributes:
        num_tokens: How many prompts pass through the block, in front of all others.
        leave: Whether they are cut off behind the block.
    """

    child: ClassVar[str] = 'prompt'
    num_tokens: int
    leave: bool

    def cut(self, x: Tensor) -> Tensor:
        """The block's output ``(B, N, C)`` as the next block shall see it."""
        return x[:, self.num_tokens :] if self.leave else x


@ADAPTERS.register_module()
class VPT(Prompt):
    """Learned tokens in front of all others.

    From `Visual Prompt Tuning <https://arxiv.org/abs/2203.12119>`_, in the form of
    AdaptFormer's code: prompts have no position embedding, stand in front of the
    class token, and cost ``num_tokens * dim`` parameters a block.

    Args:
        dim: Width C of the block.
        num_tokens: Number of prompts n.
        deep: Each block gets prompts of its own, which are cut off behind it. If not,
            the first one gets some, and they pass through all blocks behind it.
        dropout: Probability of dropping an element of a prompt.

    Raises:
        ConfigError: An option out of its range.

    Examples:
        >>> VPT(dim=768, num_tokens=5)(torch.zeros(2, 197, 768)).shape
        torch.Size([2, 202, 768])
    """

    training_only: ClassVar[tuple[str, ...]] = ('dropout',)

    def __init__(
        self, dim: int, num_tokens: int = 1, deep: bool = True, dropout: float = 0.0
    ) -> None:
        super().__init__()
        check_count('num_tokens', num_tokens, 'the number of prompts')
        check_probability('dropout', dropout)
        if not isinstance(deep, bool):
            raise ConfigError(
                f'deep={deep!r}: True (in each block) or False (shallow).'
            )
        self.num_tokens = num_tokens
        self.leave = deep
        self.dropout = float(dropout)
        self.tokens = nn.Parameter(torch.empty(1, num_tokens, dim))
        self.init_weights()

    @classmethod
    def stack(
        cls, widths: Sequence[int], options: Sequence[Mapping[str, Any]]
    ) -> list[Method | None]:
        """Prompts for each block, or, shallow, an entrance and an exit."""
        first = cls(widths[0], **options[0])
        if first.leave:
            return super().stack(widths, options)
        if len(widths) == 1:
            first.leave = True
            return [first]
        between: list[Method | None] = [None] * (len(widths) - 2)
        return [first, *between, PromptEnd(first.num_tokens)]

    def init_weights(self) -> None:
        """Xavier-uniform over (n, C), as the official code: +-sqrt(6 / (C (n + 1)))."""
        nn.init.xavier_uniform_(self.tokens)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens ``(B, n + N, C)`` for ``x`` of shape ``(B, N, C)``."""
        prompts = F.dropout(self.tokens, self.dropout, self.training)
        return torch.cat([prompts.to(x.dtype).expand(x.shape[0], -1, -1), x], dim=1)


class PromptEnd(Prompt):
    """Behind this block shallow prompts end; it has no parameters.

    Args:
        num_tokens: How many arrive.
    """

    leave = True

    def __init__(self, num_tokens: int) -> None:
        super().__init__()
        self.num_tokens = num_tokens

    def forward(self, x: Tensor) -> Tensor:
        """``x`` itself."""
        return x
