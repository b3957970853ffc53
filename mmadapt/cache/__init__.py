"""The frozen part of a trunk, computed once for every sample and kept on disk."""

from .boundary import Boundary, find_boundary
from .dataset import CachedDataset
from .loader import CachedLoader
from .store import Store

__all__ = ['Boundary', 'CachedDataset', 'CachedLoader', 'Store', 'find_boundary']
