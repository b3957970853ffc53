"""Full-size models, hundreds of them: their memory goes back to the system at once."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator

import pytest

from tests.forgetting import forget_runs


@pytest.fixture(autouse=True)
def returned_memory() -> Iterator[None]:
    """Hand the heap's free pages back, which glibc would keep: gigabytes a process."""
    yield
    forget_runs()
    gc.collect()
    gc.freeze()
    if sys.platform == 'linux':
        trim = getattr(ctypes.CDLL(None), 'malloc_trim', None)  # glibc's own
        if trim is not None:
            trim(0)
