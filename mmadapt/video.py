"""Registers everything that extends MMAction2."""

from . import heads
from .backbones import video as backbones
from .datasets import frames, reading, views
from .datasets import video as datasets
from .hooks.show_clip import ShowClipHook
from .hosts import video as hosts

__all__ = [
    'ShowClipHook',
    'backbones',
    'datasets',
    'frames',
    'heads',
    'hosts',
    'reading',
    'views',
]
