"""WHAT is added to a block: one method a file."""

from .base import Adapter, Method, check_choice
from .bottleneck import AdaptMLP
from .conv import AdaptConv, AdaptDWConv
from .grid import TokenGrid
from .prompt import VPT, Prompt

__all__ = [
    'VPT',
    'AdaptConv',
    'AdaptDWConv',
    'AdaptMLP',
    'Adapter',
    'Method',
    'Prompt',
    'TokenGrid',
    'check_choice',
]
