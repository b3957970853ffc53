"""What the data sets of MMPretrain and MMAction2 lack; here what needs neither."""

from .holdout import StratifiedPart, split_by_class

__all__ = ['StratifiedPart', 'split_by_class']
