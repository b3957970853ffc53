"""Registers everything that extends MMPretrain."""

from .backbones import image as backbones
from .hooks.show_image import ShowImageHook
from .hosts import image as hosts

__all__ = ['ShowImageHook', 'backbones', 'hosts']
