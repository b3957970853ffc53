"""Hosts for the blocks of MMAction2, one family a file."""

from . import mvit, swin, timesformer, uniformer, uniformerv2, videomae

__all__ = ['mvit', 'swin', 'timesformer', 'uniformer', 'uniformerv2', 'videomae']
