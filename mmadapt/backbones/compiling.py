"""Blocks of an adapted backbone that are compiled, one code for all of a kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import nn

from ..compiling import BlockCode, check_toolchain, kind_of, read_options
from ..errors import ConfigError
from ..hosts import promote
from .recompute import blocks_of

__all__ = ['set_compile_blocks']


def set_compile_blocks(
    backbone: nn.Module,
    compile_blocks: bool | Mapping[str, Any] = False,
    fused_mlp: bool = False,
) -> nn.Module:
    """Say that the blocks are compiled, in place; they are, when they first run.

    Outputs and gradients stay what they are, to rounding; with dropout inside, or
    stochastic depth, inductor draws other random numbers. Inside a graph that
    something else makes (MMEngine's ``compile``, an export) they run as they are.

    Args:
        backbone: Adapted and frozen, behind all that changes its blocks.
        compile_blocks: False, True, or options of :func:`torch.compile`, see
            :func:`mmadapt.compiling.read_options`.
        fused_mlp: Of the same backbone.

    Returns:
        The same backbone.

    Raises:
        ConfigError: Options that can't be obeyed, no compiler, no blocks, or
            ``fused_mlp``, which a compiled block never runs. Nothing is changed then.
    """
    options = read_options(compile_blocks)
    if options is None:
        return backbone
    if fused_mlp:
        raise ConfigError(
            f'compile_blocks={compile_blocks!r} with fused_mlp=True: a compiled block '
            'runs its own modules, never that function. Leave one of them out.'
        )
    blocks = blocks_of(backbone)
    if not blocks:
        raise ConfigError(
            f'compile_blocks={compile_blocks!r}: {type(backbone).__name__} has no '
            'block that takes adapters, the ones that are compiled. Leave it out.'
        )
    check_toolchain(options)
    for _, block, host in blocks:
        promote(block, host)
        make_numbers_plain(block)
        halves = block.recompute_tier in ('mlp', 'mlp+qkv')
        block.block_code = BlockCode(options, kind_of(block, floats=halves))  # type: ignore[assignment]
    return backbone


def make_numbers_plain(block: nn.Module) -> None:
    """Python's numbers in place of NumPy's, which the compiler takes for arrays.

    MMPretrain's rates of stochastic depth are such, of ``np.linspace``.
    """
    for module in block.modules():
        for name, value in vars(module).items():
            if isinstance(value, np.generic):
                setattr(module, name, value.item())
