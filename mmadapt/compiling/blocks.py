"""How a compiled block runs.

Compiled is a block's own forward, inside its hooks: nothing of the module changes, so
that names, copies, pickles and wrappers are those of any block. The code is looked up
by the kind of the block, and takes the weights of whichever block runs it: its warm-up
is that of one block, however many there are.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import torch
from torch import nn

from ..errors import ConfigError, class_name
from .options import CompileOptions

__all__ = ['BlockCode', 'is_traced', 'kind_of', 'run_compiled']

NUMBERS = (bool, int, str, type(None))


@dataclass(frozen=True)
class BlockCode:
    """Which code a block runs.

    Attributes:
        options: How it is compiled.
        kind: Of the block, see :func:`kind_of`.
    """

    options: CompileOptions
    kind: str


def kind_of(block: nn.Module, floats: bool) -> str:
    """A digest of what a block's code depends on: structure, shapes, what trains.

    It only says what shares a code. The compiler looks by itself whether a code serves
    a block, but gives up where one has to be made again too often.

    Args:
        block: The block.
        floats: Whether numbers such as the rate of stochastic depth, of which each
            block may have another, stand in the code: the compiler leaves them open,
            but inside of what is computed a second time.
    """
    kinds = (*NUMBERS, float) if floats else NUMBERS
    total = hashlib.sha256()
    for name, module in block.named_modules():
        plain = {
            key: value
            for key, value in vars(module).items()
            if isinstance(value, kinds) and key != 'training'
        }
        total.update(
            f'{name} {class_name(type(module))} {sorted(plain.items())}\n'.encode()
        )
    for name, parameter in block.named_parameters():
        shape, dtype = tuple(parameter.shape), parameter.dtype
        total.update(f'{name} {shape} {dtype} {parameter.requires_grad}\n'.encode())
    return total.hexdigest()


def is_traced() -> bool:
    """Whether something else already makes a graph of what runs, and looks inside."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()  # type: ignore[attr-defined]


def run_compiled(
    forward: Callable[..., Any], block: Any, *args: Any, **kwargs: Any
) -> Any:
    """A block's output, by compiled code.

    Args:
        forward: Of the block's class.
        block: A host whose ``block_code`` is a :class:`BlockCode`.
        *args: Of the block.
        **kwargs: Of the block.

    Raises:
        ConfigError: The block can't be compiled.
    """
    code: BlockCode = block.block_code
    run = compiled(forward, code, torch.is_grad_enabled())
    try:
        # A block is small enough to stay whole: else it is cut where DDP's buckets end.
        with torch._dynamo.config.patch(optimize_ddp=False):
            return run(block, *args, **kwargs)
    except torch._dynamo.exc.TorchDynamoException as error:
        raise ConfigError(
            f'compile_blocks: {class_name(type(block))} can not be compiled by '
            f'backend={code.options.backend!r}: {error}\nUse compile_blocks=False, or '
            'mend what is said above.'
        ) from error


@functools.cache
def compiled(
    forward: Callable[..., Any], code: BlockCode, differentiated: bool
) -> Callable[..., Any]:
    """The code of one kind of block, in training and without gradients apart.

    torch counts by function how often it compiled, and gives up behind a few: so each
    kind has a function of its own.
    """
    assert isinstance(forward, FunctionType)
    own = FunctionType(
        forward.__code__.replace(),
        forward.__globals__,
        forward.__name__,
        forward.__defaults__,
        forward.__closure__,
    )
    own.__kwdefaults__ = forward.__kwdefaults__
    return torch.compile(own, **code.options.as_arguments())  # type: ignore[no-any-return]
