"""Registers everything that extends MMPretrain."""

from .backbones import image as backbones
from .hosts import image as hosts

__all__ = ['backbones', 'hosts']
