"""The optimizer wrapper of DeepSpeed's ZeRO-3, which knows its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine._strategy.deepspeed import DeepSpeedOptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from torch import nn
from torch.optim import Optimizer

from ..errors import NonFiniteError

__all__ = ['ZeroOptimWrapper']


@OPTIM_WRAPPERS.register_module()
class ZeroOptimWrapper(DeepSpeedOptimWrapper):
    """MMEngine's wrapper, beside the groups of the optimizer as it was built.

    DeepSpeed empties these, and fills each with a row of parts for the time of a step.

    Args:
        optimizer: An ordinary one; ``deepspeed.initialize`` puts its own around it.

    Raises:
        NonFiniteError: In a step, a gradient that is infinite or not a number.
    """

    optimizer: Any

    def __init__(self, optimizer: Optimizer) -> None:
        super().__init__(optimizer)
        self.inner = optimizer
        self.groups: list[list[nn.Parameter]] = [
            list(group['params']) for group in optimizer.param_groups
        ]

    def step(self, **step: Any) -> None:
        """Update, or stop where DeepSpeed would go on without a word.

        Args:
            step: Of no use here, as in MMEngine.

        Raises:
            NonFiniteError: DeepSpeed left the update out, in all processes.
        """
        super().step(**step)
        if self.optimizer.overflow:
            raise NonFiniteError(
                'a gradient is not finite, and DeepSpeed left the update out. Lower '
                'the learning rate, clip the gradients (strategy.gradient_clipping=1), '
                'or look at the data.'
            )

    def parameters(self) -> Iterator[Any]:
        """All of them, in the order of an optimizer's state dict."""
        for group in self.groups:
            yield from group
