"""Registers everything that extends MMAction2."""

from . import heads
from .backbones import video as backbones
from .hooks.show_clip import ShowClipHook
from .hosts import video as hosts

__all__ = ['ShowClipHook', 'backbones', 'heads', 'hosts']
