"""Registers everything that extends MMAction2."""

from . import heads
from .backbones import video as backbones
from .hosts import video as hosts

__all__ = ['backbones', 'heads', 'hosts']
