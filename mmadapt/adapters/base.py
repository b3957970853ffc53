"""What every adaptation method has in common."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from mmengine.model import BaseModule
from torch import Tensor

from ..errors import ConfigError, did_you_mean

__all__ = ['Adapter', 'Method', 'check_choice', 'check_count', 'check_probability']

AnyMethod = TypeVar('AnyMethod', bound='Method')


class Method(BaseModule, ABC):
    """A few trainable parameters for one transformer block.

    The constructor's first parameter is the width of the block, every other one is
    an option of the config.

    Attributes:
        child: What the module is called inside its block.
        training_only: Options that don't change the trained function, so that a
            task file doesn't depend on them.
        needs_grid: Whether it has to know where the tokens are, and gets a
            :class:`TokenGrid` as ``grid`` before it runs.
        per_stage: Options that may be a list, one value for each stage of the trunk.
    """

    child: ClassVar[str]
    needs_grid: ClassVar[bool] = False
    training_only: ClassVar[tuple[str, ...]] = ()
    per_stage: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def options(cls) -> dict[str, Any]:
        """The method's options and their defaults (required ones: ``...``)."""
        parameters = list(inspect.signature(cls.__init__).parameters.values())[2:]
        return {
            p.name: ... if p.default is inspect.Parameter.empty else p.default
            for p in parameters
        }

    @classmethod
    def stack(
        cls: type[AnyMethod],
        widths: Sequence[int],
        options: Sequence[Mapping[str, Any]],
    ) -> list[Method | None]:
        """One module for each block of a stack, or None where a block needs none.

        Args:
            widths: Widths of the chosen blocks, in forward order.
            options: Those of each block.

        Raises:
            ConfigError: An option out of its range.
        """
        return [cls(width, **own) for width, own in zip(widths, options, strict=True)]

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """What the method makes of ``x`` of shape ``(..., C)``."""


class Adapter(Method):
    """A small trainable branch beside the MLP, or the attention, of one block.

    A subclass is a branch only: where its input comes from, and where its output is
    added, is the host's part and is named by :attr:`mode` and :attr:`input`.

    Attributes:
        mode: ``'parallel'`` (the branch sees what the MLP sees) or
            ``'sequential'`` (it sees the MLP's output).
        input: ``'pre_norm'`` (the residual stream x') or ``'post_norm'`` (LN(x')).
    """

    child: ClassVar[str] = 'adapter'
    MODES: ClassVar[tuple[str, ...]] = ('parallel', 'sequential')
    INPUTS: ClassVar[tuple[str, ...]] = ('pre_norm', 'post_norm')

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


def check_count(name: str, value: object, meaning: str) -> None:
    """Refuse what isn't a whole number from 1 on.

    Args:
        name: The option.
        value: What was given.
        meaning: What the number is, for the error.

    Raises:
        ConfigError: With the value given.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < 1:  # type: ignore[operator]
        raise ConfigError(f'{name}={value!r}: {meaning} is a whole number from 1 on.')


def check_probability(name: str, value: object) -> None:
    """Refuse what isn't a probability below 1.

    Raises:
        ConfigError: With the value given.
    """
    if not isinstance(value, (int, float)) or not 0 <= value < 1:
        raise ConfigError(
            f'{name}={value!r}: a probability from 0 up to, not including, 1.'
        )
