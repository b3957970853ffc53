"""Hosts for the blocks of MMAction2, one family a file."""

from . import mean_row, mvit, swin, timesformer, uniformer, uniformerv2, videomae

__all__ = [
    'mean_row',
    'mvit',
    'swin',
    'timesformer',
    'uniformer',
    'uniformerv2',
    'videomae',
]
