"""WHAT is added to a block: one method a file."""

from .base import Adapter
from .bottleneck import AdaptMLP

__all__ = ['AdaptMLP', 'Adapter']
