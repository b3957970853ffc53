"""Hosts for the blocks of MMPretrain, one family a file."""

from . import swin, vit

__all__ = ['swin', 'vit']
