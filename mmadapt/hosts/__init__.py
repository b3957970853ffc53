"""WHERE an adapter is added: one small subclass per supported block class."""

from .base import (
    HOSTS,
    PROMPT_HOSTS,
    REFUSED,
    AdapterHost,
    PromptHost,
    promote,
    refuse_host,
    register_host,
)
from .grid import GRIDS, find_grid, register_grid

__all__ = [
    'GRIDS',
    'HOSTS',
    'PROMPT_HOSTS',
    'REFUSED',
    'AdapterHost',
    'PromptHost',
    'find_grid',
    'promote',
    'refuse_host',
    'register_grid',
    'register_host',
]
