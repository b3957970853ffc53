"""What every adaptation method has in common."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from mmengine.model import BaseModule
from torch import Tensor

from ..errors import ConfigError, did_you_mean

__all__ = ['Adapter']


class Adapter(BaseModule, ABC):
    """A small trainable branch beside the MLP of one transformer block.

    The constructor's first parameter is the width of the block, every other one
    is an option of the config. A subclass is a branch only: where its input comes
    from, and where its output is added, is the host's part and is named by
    :attr:`mode` and :attr:`input`.

    Attributes:
        mode: ``'parallel'`` (the branch sees what the MLP sees) or
            ``'sequential'`` (it sees the MLP's output).
        input: ``'pre_norm'`` (the residual stream x') or ``'post_norm'`` (LN(x')).
        training_only: Options that don't change the trained function, so that a
            task file doesn't depend on them.
    """

    MODES: ClassVar[tuple[str, ...]] = ('parallel', 'sequential')
    INPUTS: ClassVar[tuple[str, ...]] = ('pre_norm', 'post_norm')
    training_only: ClassVar[tuple[str, ...]] = ()

    def __init__(self, mode: str = 'parallel', input: str = 'pre_norm') -> None:
        super().__init__()
        check_choice('mode', mode, self.MODES)
        check_choice('input', input, self.INPUTS)
        if mode == 'sequential' and input == 'post_norm':
            raise ConfigError(
                "input='post_norm' has no meaning with mode='sequential', whose branch "
                "reads the MLP's output. Leave input out, or use mode='parallel'."
            )
        self.mode = mode
        self.input = input

    @classmethod
    def options(cls) -> dict[str, Any]:
        """The method's options and their defaults (required ones: ``...``)."""
        parameters = list(inspect.signature(cls.__init__).parameters.values())[2:]
        return {
            p.name: ... if p.default is inspect.Parameter.empty else p.default
            for p in parameters
        }

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """The branch's output for ``x`` of shape ``(..., C)``, of the same shape."""


def check_choice(name: str, value: object, allowed: tuple[object, ...]) -> None:
    """Refuse a value that isn't one of a few.

    Raises:
        ConfigError: With the allowed values and the nearest one.
    """
    if value not in allowed:
        raise ConfigError(
            f'{name}={value!r} is not known; allowed: '
            f'{", ".join(map(repr, allowed))}.{did_you_mean(value, allowed)}'
        )
