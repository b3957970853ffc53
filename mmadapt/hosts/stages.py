"""Stages that recompute whole blocks: the same, with gradients for what is inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..errors import ConfigError

__all__ = ['STAGES', 'AdaptedStage', 'register_stage']

STAGES: dict[type[nn.Module], type[nn.Module]] = {}
"""Stage class -> the same for adapted blocks, looked up by exact type."""


class AdaptedStage(nn.Module):
    """Mixin of every stage whose ``use_checkpoint`` recomputes its blocks.

    Upstream's checkpoints are re-entrant and around the block, out of a host's reach:
    behind a frozen stem no adapter inside gets a gradient, and the head trains alone.
    """

    if TYPE_CHECKING:  # what upstream's stage has; it carries no types

        def __getattr__(self, name: str) -> Any: ...

    def run(self, block: nn.Module, *inputs: Any) -> Tensor:
        """A block's output; where upstream says so, computed again in backward."""
        if self.use_checkpoint and self.training:
            return checkpoint(block, *inputs, use_reentrant=False)
        return block(*inputs)


Stage = TypeVar('Stage', bound=type[nn.Module])


def register_stage(stage: type[nn.Module]) -> Callable[[Stage], Stage]:
    """Class decorator: stages of exactly type ``stage`` become the decorated class.

    Args:
        stage: The stage class, as it stands in the model.

    Raises:
        ConfigError: The class isn't a subclass of :class:`AdaptedStage` and ``stage``,
            or adds an ``__init__``, which would never run.
    """

    def register(adapted: Stage) -> Stage:
        fits = issubclass(adapted, AdaptedStage) and issubclass(adapted, stage)
        if not fits or '__init__' in vars(adapted):
            raise ConfigError(
                f'{adapted.__name__} must be a subclass of AdaptedStage and '
                f'{stage.__name__}, in this order, and override forward only.'
            )
        STAGES[stage] = adapted
        return adapted

    return register
