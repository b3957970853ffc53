"""Warnings at start-up that a user can do nothing about."""

from __future__ import annotations

import warnings

__all__ = ['silence_startup']

MESSAGES = (
    # mmcv-lite has no compiled ops; nothing here needs them.
    r'Fail to import ``MultiScaleDeformableAttention`` from ``mmcv.ops',
    # MMEngine's own use of setuptools.
    r'pkg_resources is deprecated as an API',
    # MMEngine hands this argument to DDP.
    r'`broadcast_buffers` is deprecated\. Use `forward_sync_buffers`',
)


def silence_startup() -> None:
    """Hide these warnings, by message; others stay."""
    for message in MESSAGES:
        warnings.filterwarnings('ignore', message=message)
