"""Blocks that are compiled one by one: one compiled code for all blocks of a kind."""

from .blocks import BlockCode, is_traced, kind_of, run_compiled
from .options import CompileOptions, read_options
from .toolchain import check_toolchain

__all__ = [
    'BlockCode',
    'CompileOptions',
    'check_toolchain',
    'is_traced',
    'kind_of',
    'read_options',
    'run_compiled',
]
