"""What a block keeps for its backward pass, and what it computes a second time."""

from .blocks import recomputable
from .halves import Halves
from .tiers import TIERS

__all__ = ['TIERS', 'Halves', 'recomputable']
