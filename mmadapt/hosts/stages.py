"""Upstream's ways to recompute: gradients for what is inside of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..adapters import Method
from ..errors import ConfigError
from .base import HOSTS, AdapterHost, promote

__all__ = ['STAGES', 'AdaptedStage', 'register_stage', 'revive_checkpoints']

SWITCHES = ('with_cp', 'use_checkpoint')
"""Attributes by which a block or a stage of upstream's recomputes its activations."""

STAGES: dict[type[nn.Module], type[nn.Module]] = {}
"""Stage class -> the same with other checkpoints, looked up by exact type."""


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
            or adds an ``__init__``, which would never run, or the stage has another.
    """

    def register(adapted: Stage) -> Stage:
        fits = issubclass(adapted, AdaptedStage) and issubclass(adapted, stage)
        if not fits or '__init__' in vars(adapted):
            raise ConfigError(
                f'{adapted.__name__} must be a subclass of AdaptedStage and '
                f'{stage.__name__}, in this order, and override forward only.'
            )
        if STAGES.get(stage, adapted) is not adapted:
            raise ConfigError(
                f'{stage.__name__} is registered already: {STAGES[stage].__name__}.'
            )
        STAGES[stage] = adapted
        return adapted

    return register


def revive_checkpoints(model: nn.Module) -> None:
    """Let what trains inside upstream's activation checkpoints get its gradients.

    They are re-entrant: where no input requires a gradient, as behind a frozen stem,
    nothing inside gets one, without a word. Stages with another form take it. Others
    with a switch for checkpoints get an input that requires a gradient.

    Args:
        model: A module whose parameters are frozen, or not, as they will be.
    """
    for module in model.modules():
        use_autograd(module)
        if not any(parameter.requires_grad for parameter in module.parameters()):
            continue
        if type(module) in STAGES:
            promote(module, STAGES[type(module)])
        elif is_innermost(module) and not isinstance(
            module, (AdapterHost, AdaptedStage)
        ):
            # Called a second time, the model has its hooks.
            if require_gradient not in module._forward_pre_hooks.values():
                module.register_forward_pre_hook(require_gradient)


def use_autograd(module: nn.Module) -> None:
    """Switch RevViT's own backward pass off, where it would compute something else.

    It recomputes the layers as upstream wrote them, and behind a frozen stem it isn't
    run at all. Without it the memory is that of any ViT. In any case all of its layers
    take the form of those with adapters: upstream's seed their dice, and those of all
    that follows, from the clock, in evaluation too, where they drop branches besides.
    """
    own, layers = (getattr(module, n, None) for n in ('no_custom_backward', 'layers'))
    trains = [parameter.requires_grad for parameter in module.parameters()]
    adapted = any(isinstance(inner, Method) for inner in module.modules())
    if own is None or layers is None:
        return
    for layer in layers:
        promote(layer, HOSTS.get(type(layer), type(layer)))
    if any(trains) and (adapted or not all(trains)):
        setattr(module, 'no_custom_backward', True)  # noqa: B010 - not typed


def is_innermost(module: nn.Module) -> bool:
    """Whether a module's checkpoints are on, and nothing in it has some of its own."""
    switched = [
        inner
        for inner in module.modules()
        if any(getattr(inner, switch, False) is True for switch in SWITCHES)
    ]
    return len(switched) == 1 and switched[0] is module


def require_gradient(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """A forward pre-hook: in training the first input requires a gradient."""
    first = inputs[0] if inputs else None
    if not isinstance(first, Tensor) or first.requires_grad:
        return inputs
    if not (module.training and torch.is_grad_enabled()):
        return inputs
    return (first.detach().requires_grad_(), *inputs[1:])
