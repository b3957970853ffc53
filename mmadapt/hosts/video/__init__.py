"""Hosts for the blocks of MMAction2, one family a file."""

from . import swin, videomae

__all__ = ['swin', 'videomae']
