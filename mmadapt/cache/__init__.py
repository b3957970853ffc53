"""The frozen part of a trunk, computed once for every sample and kept on disk."""

from .boundary import Boundary, find_boundary
from .dataset import CachedDataset
from .store import Store

__all__ = ['Boundary', 'CachedDataset', 'Store', 'find_boundary']
