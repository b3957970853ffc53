"""Registers everything that extends MMAction2."""

from . import heads
from .backbones import video as backbones
from .datasets import reading, views
from .datasets import video as datasets
from .hooks.show_clip import ShowClipHook
from .hosts import video as hosts

__all__ = [
    'ShowClipHook',
    'backbones',
    'datasets',
    'heads',
    'hosts',
    'reading',
    'views',
]
