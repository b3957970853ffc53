"""Messages at start-up that a user can do nothing about."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from mmengine.fileio import file_client

__all__ = ['silence_file_client', 'silence_startup']

WARNINGS = (
    # mmcv-lite has no compiled ops; nothing here needs them.
    r'Fail to import ``MultiScaleDeformableAttention`` from ``mmcv.ops',
    # MMEngine's own use of setuptools.
    r'pkg_resources is deprecated as an API',
    # MMEngine hands this argument to DDP.
    r'`broadcast_buffers` is deprecated\. Use `forward_sync_buffers`',
)

# MMEngine's checkpoint code uses what MMEngine advises against, once a run.
LOG_LINES = (
    '"FileClient" will be deprecated in future.',
    '"HardDiskBackend" is the alias of "LocalBackend"',
)


def silence_startup() -> None:
    """Hide these warnings, by message; others stay."""
    for message in WARNINGS:
        warnings.filterwarnings('ignore', message=message)


def silence_file_client() -> bool:
    """Keep MMEngine's two lines about its own file client out of the log.

    Returns:
        Whether this was not done before.
    """
    upstream: Callable[..., None] = file_client.print_log
    if hasattr(upstream, 'upstream'):
        return False

    def print_log(msg: object, *args: object, **options: object) -> None:
        """Hand on every message but the two."""
        if not str(msg).startswith(LOG_LINES):
            upstream(msg, *args, **options)

    print_log.upstream = upstream  # type: ignore[attr-defined]
    file_client.print_log = print_log
    return True
