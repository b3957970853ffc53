"""A process that is forked from one that has decoded leaves its decoders alone."""

from __future__ import annotations

import gc
import os
from functools import cache

__all__ = ['spare_decoders']


@cache
def spare_decoders() -> None:
    """See to it that forks of this process never free decoders they inherit.

    A decoder has threads, and waits for their end when it is freed. A fork, such as a
    data worker, inherits the decoder but not its threads, and would wait for ever. What
    exists when it begins is taken out of its garbage collection, which also keeps its
    memory shared with this process. To be called before the first decoder is made;
    called again it does nothing.
    """
    if hasattr(os, 'register_at_fork'):
        os.register_at_fork(after_in_child=gc.freeze)
