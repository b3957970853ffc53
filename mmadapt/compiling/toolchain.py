"""Whether what makes machine code of a graph is installed."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from importlib.util import find_spec

import torch

from ..errors import ConfigError
from .options import INDUCTOR, CompileOptions

__all__ = ['check_toolchain']


def check_toolchain(options: CompileOptions) -> None:
    """Refuse to compile where the compilers of inductor are missing.

    Otherwise it would end in the middle of the first iteration.

    Args:
        options: How is to be compiled.

    Raises:
        ConfigError: With what is missing, and what to do.
    """
    if options.backend != INDUCTOR:
        return
    gpu = torch.cuda.is_available()
    missing = missing_for_gpu() if gpu else missing_for_cpu()
    if missing:
        raise ConfigError(
            f'compile_blocks: inductor, for a {"GPU" if gpu else "CPU"}, needs '
            f'{missing}. Install it, or use compile_blocks=False (on the command line '
            '--cfg-options model.backbone.compile_blocks=False); '
            "dict(backend='aot_eager') compiles without one, and is no faster."
        )


def missing_for_cpu() -> str:
    """What isn't there of what code for a CPU needs, in words; empty where all is."""
    usual = {'darwin': 'clang++', 'win32': 'cl'}.get(sys.platform, 'g++')
    chosen = os.environ.get('CXX') or usual
    if found(chosen):
        return ''
    return f'a C++ compiler: there is no {chosen!r}, and CXX names no other'


def missing_for_gpu() -> str:
    """What isn't there of what code for a GPU needs, in words; empty where all is."""
    if find_spec('triton') is None:
        return 'triton: pip install triton'
    chosen = os.environ.get('CC')
    if any(map(found, [chosen] if chosen else ['gcc', 'clang', 'cc', 'cl'])):
        return ''
    return f'a C compiler: there is no {chosen or "gcc"!r}, and CC names no other'


def found(command: str) -> bool:
    """Whether a command can be run; it may carry options."""
    return shutil.which(shlex.split(command)[0]) is not None
